"""Start-up logs in vLLM's own wording, with the figures of published ones: those of `published_logs.py`.

The lines are composed after vLLM 0.33 vllm/v1/worker/gpu_worker.py, vllm/v1/core/kv_cache_utils.py,
vllm/v1/engine/core.py, and the older wordings of 0.10 and 0.6.
"""

QWEN_REFUSED = """\
(APIServer pid=1) INFO 09-05 09:57:00 [utils.py:299]  version 0.26.0
(APIServer pid=1) INFO [utils.py:233] non-default args: {'model': 'Qwen/Qwen3.8-27B-FP8', 'max_model_len': 131072, \
'gpu_memory_utilization': 0.86}
(EngineCore pid=9) INFO [core.py:116] Initializing a V1 LLM engine (v0.26.0) with config: \
model='Qwen/Qwen3.8-27B-FP8', speculative_config=None, max_seq_len=131072, tensor_parallel_size=1, \
pipeline_parallel_size=1, quantization=fp8, enforce_eager=False, kv_cache_dtype=auto, enable_prefix_caching=False
(EngineCore pid=9) INFO [weight_utils.py:904] Checkpoint size: 28.75 GiB. Available RAM: 30.00 GiB.
(EngineCore pid=9) INFO [gpu_model_runner.py:4883] Model loading took 28.51 GiB memory and 14.2 seconds
(EngineCore pid=9) INFO [gpu_model_runner.py:5753] Encoder cache will be initialized with a budget of 16384 tokens, \
and profiled with 1 image items of the maximum feature size.
(EngineCore pid=9) INFO [gpu_model_runner.py:6046] Estimated CUDA graph memory: 1.11 GiB total
(EngineCore pid=9) INFO [gpu_worker.py:433] Available KV cache memory: 7.04 GiB
(EngineCore pid=9) ERROR ValueError: To serve at least one request with the model's max seq len (131072), 8.18 GiB KV \
cache is needed, which is larger than the available KV cache memory (7.04 GiB). Based on the available memory, the \
estimated maximum model length is 112896.
"""
LLAMA_SERVED = """\
(APIServer pid=1) INFO 10-06 09:00:00 [utils.py:299]  version 0.31.0
(EngineCore pid=9) INFO [core.py:116] Initializing a V1 LLM engine (v0.31.0) with config: \
model='meta-llama/Llama-3.1-8B-Instruct', max_seq_len=131072, tensor_parallel_size=1, pipeline_parallel_size=1, \
enforce_eager=False, kv_cache_dtype=auto, enable_prefix_caching=True
(EngineCore pid=9) INFO [gpu_worker.py:560] Available KV cache memory: 56.21 GiB
(EngineCore pid=9) INFO [kv_cache_utils.py:2312] GPU KV cache size: 460,448 tokens, Maximum concurrency for 131,072 \
tokens per request: 3.51x
(EngineCore pid=9) INFO [gpu_worker.py:804] Free memory on device (78.8/79.25 GiB) on startup. Desired GPU memory \
utilization is (0.92, 72.91 GiB). Actual usage is 15.26 GiB for consumed memory (weights + non-torch), 1.44 GiB for \
peak activation, and 0.6 GiB for CUDAGraph memory. Current kv cache memory in use is 56.21 GiB.
"""
LLAVA_OLD = """\
INFO 09-23 [core.py:74] Initializing a V1 LLM engine (v0.10.2) with config: model='llava-hf/llava-v1.6-mistral-7b-hf', \
max_seq_len=4096, tensor_parallel_size=1, pipeline_parallel_size=1, enforce_eager=False, kv_cache_dtype=auto
INFO 09-23 [gpu_worker.py:298] Available KV cache memory: 55.15 GiB
INFO 09-23 [kv_cache_utils.py:864] GPU KV cache size: 451,744 tokens
INFO 09-23 [kv_cache_utils.py:868] Maximum concurrency for 4,096 tokens per request: 110.29x
INFO 09-23 [gpu_worker.py:391] Free memory on device (78.66/79.19 GiB) on startup. Desired GPU memory utilization is \
(0.9, 71.27 GiB). Actual usage is 14.08 GiB for weight, 1.97 GiB for peak activation, 0.07 GiB for non-torch memory, \
and 0.67 GiB for CUDAGraph memory. Current kv cache memory in use is 59212694937 bytes.
"""
OLDEST = """\
INFO 12-20 worker.py:241] the current vLLM instance can use total_gpu_memory (15.77GiB) x gpu_memory_utilization \
(0.90) = 14.20GiB
INFO 12-20 worker.py:241] model weights take 7.51GiB; non_torch_memory takes 0.39GiB; PyTorch activation peak memory \
takes 2.53GiB; the rest of the memory reserved for KV Cache is 3.76GiB.
"""
RANKS = """\
(Worker_TP0_EP0 pid=1) INFO [expert_map_manager.py:245] [EP Rank 0/2] Expert parallelism is enabled.
(Worker_TP0 pid=1) INFO [gpu_model_runner.py:5347] Model loading took 10.5 GiB memory and 9.1 seconds
(Worker_TP1 pid=2) INFO [gpu_model_runner.py:5347] Model loading took 10.7 GiB memory and 9.1 seconds
(Worker_TP0 pid=1) INFO [gpu_worker.py:586] Available KV cache memory: 19.09 GiB
(Worker_TP1 pid=2) INFO [gpu_worker.py:586] Available KV cache memory: 18.7 GiB
"""
