"""Other ways to store the checkpoints of compare-conversion.py: fused experts, double precision, eight bits, and MXFP4."""

import re


def fuse_experts(path, _config):
    """Puts the experts' matrices into one tensor each, gate and up together, as models hold them in memory."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors, layers = {}, {}
    for name, tensor in load_file(path).items():
        match = re.fullmatch(r"(.*\.experts)\.(\d+)\.(\w+)\.weight", name)
        if match:
            layers.setdefault(match[1], {}).setdefault(match[3], {})[int(match[2])] = tensor
        else:
            tensors[name] = tensor
    for module, matrices in layers.items():
        stacked = {key: torch.stack([parts[i] for i in sorted(parts)]) for key, parts in matrices.items()}
        tensors[f"{module}.down_proj"] = stacked["down_proj"]
        tensors[f"{module}.gate_up_proj"] = torch.cat([stacked["gate_proj"], stacked["up_proj"]], dim=1)
    save_file(tensors, path, metadata={"format": "pt"})


def widen(path, _config):
    """Numbers of double precision that single precision has to round."""
    from safetensors.torch import load_file, save_file

    save_file({name: tensor.double() / 3 for name, tensor in load_file(path).items()}, path, {"format": "pt"})


def _narrow(path, config, settings, scale_name, dtype, make_scale):
    """Stores the projections in eight bits, each beside its scale."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, tensor in load_file(path).items():
        if name.endswith("_proj.weight"):
            tensors[name] = tensor.to(getattr(torch, dtype))
            tensors[name.removesuffix("weight") + scale_name] = make_scale(*tensor.shape)
        else:
            tensors[name] = tensor
    save_file(tensors, path, metadata={"format": "pt"})
    config["quantization_config"] = settings


def in_blocks(path, config):
    import torch

    def scale(rows, columns):
        return torch.rand(-(-rows // 24), -(-columns // 40)) + 0.5

    settings = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [24, 40], "activation_scheme": "dynamic"}
    _narrow(path, config, settings, "weight_scale_inv", "float8_e4m3fn", scale)


def in_tensors(path, config):
    import torch

    settings = {"quant_method": "fp8", "fmt": "e5m2", "activation_scheme": "dynamic"}
    _narrow(path, config, settings, "weight_scale_inv", "float8_e5m2", lambda rows, columns: torch.rand(()) + 0.5)


def in_rows(path, config):
    import torch

    weights = {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True, "dynamic": False}
    settings = {
        "quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"],
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
    }
    _narrow(path, config, settings, "weight_scale", "float8_e4m3fn",
            lambda rows, columns: (torch.rand(rows, 1) + 0.5).bfloat16())


def in_microscaling(path, config):
    """Experts in blocks of four bits with exponents beside them, as gpt-oss has them: rows first, not columns."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, tensor in load_file(path).items():
        if not re.search(r"experts\.\w+_proj$", name):
            tensors[name] = tensor
            continue
        count, columns, rows = tensor.shape
        generator = torch.Generator().manual_seed(sum(name.encode()))
        shape = (count, rows, columns // 32)
        tensors[f"{name}_blocks"] = torch.randint(0, 256, (*shape, 16), dtype=torch.uint8, generator=generator)
        tensors[f"{name}_scales"] = torch.randint(121, 125, shape, dtype=torch.uint8, generator=generator)
    save_file(tensors, path, metadata={"format": "pt"})
    config["quantization_config"] = {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}


# By the end of a family's name.
CHANGES = {
    "-mxfp4": in_microscaling,
    "-fused": fuse_experts,
    "-f64": widen,
    "-fp8-blocks": in_blocks,
    "-fp8-tensors": in_tensors,
    "-fp8-rows": in_rows,
}
# Those that store other numbers, for which no goldens are written.
NUMBERS = ("-f64", "-fp8-blocks", "-fp8-tensors", "-fp8-rows")
