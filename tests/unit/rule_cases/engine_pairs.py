"""What breaks and what keeps each rule of planning/rules/engine_pairs.py."""

from rule_cases.case import MOE, Case, args, engine, second_model

CASES: dict[str, Case] = {
    "ENGINE-BATCH": Case(args(max_num_seqs=2049), args(max_num_seqs=2048)),
    "ENGINE-DCP": Case(
        second_model(engine(tensor_parallel=2, decode_context_parallel_size=2)),
        second_model(engine(tensor_parallel=2, decode_context_parallel_size=1)),
    ),
    "ENGINE-EXPERTS": Case(
        second_model(engine(tensor_parallel=2, enable_expert_parallel=True)),
        second_model({"source": MOE, **engine(tensor_parallel=2, enable_expert_parallel=True, enable_eplb=True)}),
    ),
    "ENGINE-LORA": Case(
        args(enable_lora=True, max_loras=4, max_cpu_loras=3), args(enable_lora=True, max_loras=4, max_cpu_loras=4)
    ),
    "ENGINE-TOGETHER": Case(
        args(kv_transfer_config={"kv_connector": "OffloadingConnector"}),
        args(kv_transfer_config={"kv_connector": "OffloadingConnector", "kv_role": "kv_both"}),
    ),
}
