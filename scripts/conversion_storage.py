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


def words(numbers, dim, bits=4):
    """Packs whole numbers into words of 32 bits along a dimension."""
    import torch

    count = 32 // bits
    padding = -numbers.shape[dim] % count
    shape = list(numbers.shape)
    shape[dim] = padding
    padded = torch.cat([numbers, torch.zeros(shape, dtype=numbers.dtype)], dim).unflatten(dim, (-1, count)).long()
    place = dim + 1
    packed = sum(padded.select(place, index) << (bits * index) for index in range(count))
    return (((packed + (1 << 31)) % (1 << 32)) - (1 << 31)).to(torch.int32)


def _pack(path, config, settings, make_parts):
    """Replaces the projections by numbers of four bits and what belongs to them."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, tensor in load_file(path).items():
        if name.endswith("_proj.weight"):
            rows, columns = tensor.shape
            generator = torch.Generator().manual_seed(sum(name.encode()))
            numbers = torch.randint(0, 16, (rows, columns), generator=generator)
            zeros = torch.randint(0, 15, (rows, columns // 32), generator=generator)
            scales = torch.rand(rows, columns // 32, generator=generator) * 0.2 + 0.01
            tensors |= {name.removesuffix("weight") + part: value.contiguous()
                        for part, value in make_parts(numbers, zeros, scales, generator).items()}
        else:
            tensors[name] = tensor
    save_file(tensors, path, metadata={"format": "pt"})
    config["quantization_config"] = settings


def in_gptq(path, config):
    """Columns in any order of groups, as with desc_act."""
    import torch

    def parts(numbers, zeros, scales, generator):
        columns = numbers.shape[1]
        order = (torch.arange(columns) // 32)[torch.randperm(columns, generator=generator)].to(torch.int32)
        return {"qweight": words(numbers.T, 0), "qzeros": words(zeros.T, 1), "scales": scales.T.half(), "g_idx": order}

    _pack(path, config, {"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": True, "sym": False}, parts)


def in_gptq2(path, config):
    """Zeros as they are, and eight bits."""
    import torch

    def parts(numbers, zeros, scales, generator):
        order = (torch.arange(numbers.shape[1]) // 32).to(torch.int32)
        return {"qweight": words(numbers.T * 16, 0, 8), "qzeros": words(zeros.T * 16, 1, 8), "scales": scales.T.half(),
                "g_idx": order}

    settings = {"quant_method": "gptq", "bits": 8, "group_size": 32, "checkpoint_format": "gptq_v2"}
    _pack(path, config, settings, parts)


def _compressed(weights):
    return {"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"],
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}}}


def in_packed(path, config):
    import torch

    def parts(numbers, zeros, scales, generator):
        return {"weight_packed": words(numbers, 1), "weight_scale": scales.bfloat16(), "weight_shape": torch.tensor(numbers.shape)}

    weights = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": True}
    _pack(path, config, _compressed(weights), parts)


def in_packed_with_zeros(path, config):
    import torch

    def parts(numbers, zeros, scales, generator):
        return {"weight_packed": words(numbers, 1), "weight_scale": scales.bfloat16(), "weight_shape": torch.tensor(numbers.shape),
                "weight_zero_point": words(zeros, 0)}

    weights = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": False}
    _pack(path, config, _compressed(weights), parts)


def in_whole_rows(path, config):
    import torch

    weights = {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True, "dynamic": False}
    settings = {**_compressed(weights), "format": "int-quantized"}
    _narrow(path, config, settings, "weight_scale", "int8", lambda rows, columns: (torch.rand(rows, 1) * 0.1 + 0.01).bfloat16())


# By the end of a family's name.
CHANGES = {
    "-gptq": in_gptq,
    "-gptq2": in_gptq2,
    "-int4": in_packed,
    "-int4-zeros": in_packed_with_zeros,
    "-int8-rows": in_whole_rows,
    "-mxfp4": in_microscaling,
    "-fused": fuse_experts,
    "-f64": widen,
    "-fp8-blocks": in_blocks,
    "-fp8-tensors": in_tensors,
    "-fp8-rows": in_rows,
}
# Those that store other numbers, for which no goldens are written.
NUMBERS = ("-f64", "-fp8-blocks", "-fp8-tensors", "-fp8-rows", "-gptq", "-gptq2", "-int4", "-int4-zeros", "-int8-rows")
