"""What breaks and what keeps each rule of planning/rules/engine.py."""

from rule_cases.case import Case, args, argument

CASES: dict[str, Case] = {
    "ENGINE-FLAG": Case(argument("max-num-batched", 4096), argument("max_num_batched_tokens", 4096)),
    "ENGINE-JSON": Case(
        args(structured_outputs_config={"backend": "xgramar"}), args(structured_outputs_config={"backend": "xgrammar"})
    ),
    "ENGINE-LIMIT": Case(args(stream_interval=0), args(stream_interval=1)),
    "ENGINE-OWNED": Case(argument("max-model-len", 4096), argument("max-num-seqs", 64)),
    "ENGINE-REMOVED": Case(argument("swap-space", 4), argument("seed", 4)),
    "ENGINE-SUFFIX": Case(args(max_num_batched_tokens="8k"), args(max_num_batched_tokens="8K")),
    "ENGINE-TWICE": Case(
        {**args(max_num_seqs=64), "models[0].engine.args.max_num_seqs": 32},
        args(max_num_seqs=64, max_num_batched_tokens=4096),
    ),
    "ENGINE-VALUE": Case(argument("max-num-batched-tokens", "4096k!"), argument("max-num-batched-tokens", "4K")),
    "ENGINE-VERSION": Case({"models[0].engine.version": "0.12.0"}, {"models[0].engine.version": "0.33.0"}),
}
