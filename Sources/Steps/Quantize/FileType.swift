import Quantization

/// The quantizer's file types; swift-system has an unrelated type of the same name.
public typealias FileType = Quantization.FileType
