"""What breaks and what keeps each rule of planning/rules/media.py."""

from rule_cases.case import Case, args

SEES = {"models[0].source": {"huggingface": "Qwen/Qwen3.5-9B", "revision": "0" * 40}, **args(max_num_seqs=64)}

CASES: dict[str, Case] = {
    "ENGINE-MEDIA": Case(
        {**SEES, **args(limit_mm_per_prompt={"image": 1, "video": 0})},
        {**SEES, **args(allowed_media_domains=["images.example.com"])},
    ),
    "ENGINE-MEDIA-HOST": Case(
        {**SEES, **args(allowed_media_domains=["images.example.com", "169.254.169.254"])},
        {**SEES, **args(allowed_media_domains=["images.example.com", "10.0.0.9"])},
    ),
}
