import Quantization

/// The quantizer's file types; swift-system has a type of the same name for something else.
public typealias FileType = Quantization.FileType
