/// How a tensor's elements are stored: in blocks of some elements, each of some bytes.
///
/// Source: `ggml_type` in ggml's `ggml.h`, and `GGML_QUANT_SIZES` in `gguf-py/gguf/constants.py`, of llama.cpp as
/// llama-cpp-python 0.3.36 has it. Types that ggml has given up are unknown here.
public struct GGUFElementType: Sendable, Hashable {
    /// Its number in the file.
    public let number: UInt32
    /// ggml's name for it, such as `Q4_K`.
    public let name: String
    /// How many elements a block has.
    public let blockCount: Int
    /// How many bytes a block has.
    public let blockBytes: Int

    /// IEEE 754 single precision.
    public static let float32 = GGUFElementType(0, "F32", 1, 4)
    /// IEEE 754 half precision.
    public static let float16 = GGUFElementType(1, "F16", 1, 2)

    private init(_ number: UInt32, _ name: String, _ blockCount: Int, _ blockBytes: Int) {
        self.number = number
        self.name = name
        self.blockCount = blockCount
        self.blockBytes = blockBytes
    }

    /// The type of a number; nil if there is none.
    public init?(number: UInt32) {
        guard let known = Self.all[number] else { return nil }
        self = known
    }

    private static let all: [UInt32: GGUFElementType] = {
        let types = [
            float32, float16,
            GGUFElementType(2, "Q4_0", 32, 18), GGUFElementType(3, "Q4_1", 32, 20),
            GGUFElementType(6, "Q5_0", 32, 22), GGUFElementType(7, "Q5_1", 32, 24),
            GGUFElementType(8, "Q8_0", 32, 34), GGUFElementType(9, "Q8_1", 32, 36),
            GGUFElementType(10, "Q2_K", 256, 84), GGUFElementType(11, "Q3_K", 256, 110),
            GGUFElementType(12, "Q4_K", 256, 144), GGUFElementType(13, "Q5_K", 256, 176),
            GGUFElementType(14, "Q6_K", 256, 210), GGUFElementType(15, "Q8_K", 256, 292),
            GGUFElementType(16, "IQ2_XXS", 256, 66), GGUFElementType(17, "IQ2_XS", 256, 74),
            GGUFElementType(18, "IQ3_XXS", 256, 98), GGUFElementType(19, "IQ1_S", 256, 50),
            GGUFElementType(20, "IQ4_NL", 32, 18), GGUFElementType(21, "IQ3_S", 256, 110),
            GGUFElementType(22, "IQ2_S", 256, 82), GGUFElementType(23, "IQ4_XS", 256, 136),
            GGUFElementType(24, "I8", 1, 1), GGUFElementType(25, "I16", 1, 2),
            GGUFElementType(26, "I32", 1, 4), GGUFElementType(27, "I64", 1, 8),
            GGUFElementType(28, "F64", 1, 8), GGUFElementType(29, "IQ1_M", 256, 56),
            GGUFElementType(30, "BF16", 1, 2), GGUFElementType(34, "TQ1_0", 256, 54),
            GGUFElementType(35, "TQ2_0", 256, 66), GGUFElementType(39, "MXFP4", 32, 17),
            GGUFElementType(40, "NVFP4", 64, 36), GGUFElementType(41, "Q1_0", 128, 18),
            GGUFElementType(42, "Q2_0", 64, 18),
        ]
        return Dictionary(uniqueKeysWithValues: types.map { ($0.number, $0) })
    }()
}

/// A tensor as the header describes it.
public struct GGUFTensor: Sendable, Hashable {
    /// The name; at most 63 bytes, without control characters.
    public let name: String
    /// 1 to 4 dimensions of at least 1, in ggml's order, fastest first: a linear layer's weight is `[in, out]`.
    public let shape: [Int]
    public let type: GGUFElementType
    /// The range of its bytes in the file.
    public let bytes: Range<Int>

    /// The number of elements: the product of the shape.
    public var count: Int { shape.reduce(1, *) }
}
