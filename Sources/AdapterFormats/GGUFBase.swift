public import ErrorModel
public import StrictGGUF

/// What is known of a base model's own GGUF file, which names the tensors of adapters for it.
public struct GGUFBase: Sendable, Codable, Hashable {
    public let architecture: GGUFArchitecture
    /// How many layers the model has.
    public let layers: Int
    /// The file's `general.name`; nil if it has none.
    public let name: String?
    /// The SHA-256 of the whole file, in lower-case hexadecimal.
    public let digest: String
    /// The size of the whole file in bytes.
    public let fileSize: Int
    /// The shapes `[in, out]` of the tensors that a site may stand for, by name.
    let tensors: [String: [Int]]
    /// The attention heads, and those of keys and values, of each layer; empty if the order of rows does not depend on them.
    let heads: [Int]
    let keyHeads: [Int]

    private static let maximumLayers = 4096
    static let maximumHeads = 1 << 16
    private static let maximumNameLength = 256

    /// Takes from a model's header what adapters for it need.
    ///
    /// - Parameters:
    ///   - header: that of the model's file.
    ///   - digest: the SHA-256 of the whole file.
    ///   - file: the file's name in error messages.
    /// - Throws: `invalidFile` if it is not a whole model, is of another architecture, was converted with fused queries, keys
    ///   and values, or lacks a field.
    public init(_ header: GGUFHeader, digest: String, file: String) throws(SgloradError) {
        let fields = ModelFields(header: header, file: file)
        if let type = try fields.text("general.type"), type != "model" {
            throw .invalidFile(
                file, "is of the type \(Quoted(type)), not a model. Name the file of the base model itself")
        }
        if let parts = try fields.number("split.count"), parts > 1 {
            throw .invalidFile(
                file, "is one of \(parts) parts of a model. Join them with 'llama-gguf-split --merge'")
        }
        guard let named = try fields.text("general.architecture") else {
            throw .invalidFile(file, "has no general.architecture, so it is not a model")
        }
        guard let architecture = GGUFArchitecture(rawValue: named) else {
            throw .invalidFile(
                file,
                "is of the architecture \(Quoted(named)), for which no GGUF adapters can be written; \(GGUFArchitecture.names) "
                    + "are known")
        }
        let key = "\(named).block_count"
        guard let layers = try fields.number(key), (1...Self.maximumLayers).contains(layers) else {
            throw .invalidFile(file, "has no \(key) of 1 to \(Self.maximumLayers)")
        }
        self.architecture = architecture
        self.layers = layers
        self.digest = digest
        fileSize = header.fileSize
        name = try fields.text("general.name").flatMap {
            $0.utf8.count <= Self.maximumNameLength && !$0.holdsControlCharacter ? $0 : nil
        }
        tensors = try Self.tensors(of: header, architecture, layers, file)
        if architecture.interleavesRotaryRows {
            let all = try fields.heads("\(named).attention.head_count", layers: layers)
            guard let all else { throw .invalidFile(file, "has no \(named).attention.head_count") }
            heads = all
            keyHeads = try fields.heads("\(named).attention.head_count_kv", layers: layers) ?? all
        } else {
            (heads, keyHeads) = ([], [])
        }
    }

    private static func tensors(
        of header: GGUFHeader, _ architecture: GGUFArchitecture, _ layers: Int, _ file: String
    ) throws(SgloradError) -> [String: [Int]] {
        let parts = Set(architecture.modules.values)
        var tensors: [String: [Int]] = [:]
        for layer in 0..<layers {
            let fused = "blk.\(layer).attn_qkv.weight"
            if !parts.contains("attn_qkv"), header.tensor(named: fused) != nil {
                throw .invalidFile(
                    file,
                    "was converted with fused queries, keys and values: \(fused) stands for three sites of a base. Convert the "
                        + "model again without --fuse-qkv")
            }
            for part in parts {
                let name = "blk.\(layer).\(part).weight"
                if let tensor = header.tensor(named: name) { tensors[name] = tensor.shape }
            }
        }
        return tensors
    }
}

/// The metadata of a model, with errors that name the file and the field.
private struct ModelFields {
    let header: GGUFHeader
    let file: String

    func text(_ key: String) throws(SgloradError) -> String? {
        guard let field = header.field(key) else { return nil }
        guard case .string(let text) = field.value else {
            throw .invalidFile(file, "has \(field.value.kind) as \(key); it must be a text")
        }
        return text
    }

    func number(_ key: String) throws(SgloradError) -> Int? {
        guard let field = header.field(key) else { return nil }
        guard let number = field.value.integer else {
            throw .invalidFile(file, "has \(field.value.kind) as \(key); it must be a whole number")
        }
        return number
    }

    /// A number of heads for each layer: one for all, or a list.
    func heads(_ key: String, layers: Int) throws(SgloradError) -> [Int]? {
        guard let field = header.field(key) else { return nil }
        let numbers: [Int?] =
            if case .list(let values) = field.value { values.map(\.integer) } else {
                [Int?](repeating: field.value.integer, count: layers)
            }
        let heads = numbers.compactMap { $0 }.filter { (0...GGUFBase.maximumHeads).contains($0) }
        guard heads.count == layers else {
            throw .invalidFile(
                file, "has no number of heads for each of the \(layers) layers as \(key)")
        }
        return heads
    }
}
