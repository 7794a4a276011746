public import ErrorModel

/// The header of a GGUF file, checked against the file's size: its metadata, and the tensors' names, shapes and places.
///
/// The tensors' data is not looked at, and need not be there. Beyond what llama.cpp demands of a file (`ggml/src/gguf.cpp`),
/// this reader refuses names with control characters, truth values other than 0 and 1, and empty dimensions. Source of the
/// format: ggml, `docs/gguf.md`, versions 2 and 3.
public struct GGUFHeader: Sendable {
    /// The version of the format: 2 or 3.
    public let version: Int
    /// The metadata, in the order of the file; keys are unique.
    public let fields: [GGUFField]
    /// The tensors, in the order of the file; names are unique.
    public let tensors: [GGUFTensor]
    /// How many bytes the header has, from the file's first byte to the end of the last tensor's entry.
    public let length: Int
    /// What the place of every tensor is a multiple of.
    public let alignment: Int
    /// The file's size in bytes.
    public let fileSize: Int

    private let fieldPlaces: [String: Int]
    private let tensorPlaces: [String: Int]

    /// The longest header that is read, in bytes.
    ///
    /// A vocabulary of 262,144 tokens takes about 6 MB, its merges as much again.
    public static let maximumLength = 64 << 20
    /// The most metadata fields, and the most tensors, that are read.
    public static let maximumFieldCount = 8192
    public static let maximumTensorCount = 1 << 17
    /// The longest array whose numbers are kept.
    public static let maximumListCount = 1024
    /// The alignment of a file that states none, in bytes.
    public static let defaultAlignment = 32

    /// Reads a header.
    ///
    /// Time and memory are proportional to the header's length, whatever lengths and counts it states.
    ///
    /// - Parameters:
    ///   - bytes: the file, or its beginning with the whole header.
    ///   - fileSize: how many bytes the file has; at least as many as `bytes`.
    ///   - file: the file's name in error messages.
    /// - Throws: `invalidFile`, which says what is wrong and at which byte.
    public init(of bytes: UnsafeRawBufferPointer, fileSize: Int, file: String) throws(SgloradError) {
        do throws(GGUFFault) {
            self = try GGUFHeaderParser.header(bytes, fileSize: fileSize)
        } catch {
            throw Self.refusal(error, have: bytes.count, file)
        }
    }

    /// Reads the header of a file of which the beginning is known.
    ///
    /// - Parameters:
    ///   - start: the beginning of the file.
    ///   - fileSize: how many bytes the file has; at least as many as `start`.
    ///   - file: the file's name in error messages.
    /// - Returns: the header; nil if it needs more of the file.
    /// - Throws: `invalidFile`, also if the header is longer than ``maximumLength`` or the file.
    public static func reading(
        _ start: UnsafeRawBufferPointer, ofFileWith fileSize: Int, file: String
    ) throws(SgloradError) -> GGUFHeader? {
        do throws(GGUFFault) {
            return try GGUFHeaderParser.header(start, fileSize: fileSize)
        } catch {
            if case .incomplete = error, start.count < min(fileSize, maximumLength) { return nil }
            throw refusal(error, have: start.count, file)
        }
    }

    private static func refusal(_ fault: GGUFFault, have count: Int, _ file: String) -> SgloradError {
        switch fault {
        case .invalid(let reason): .invalidFile(file, reason)
        case .incomplete(let what, let place) where count >= maximumLength:
            .invalidFile(
                file,
                "has a header of more than \(maximumLength) bytes: \(what) at byte \(place) is beyond them")
        case .incomplete(let what, let place):
            .invalidFile(
                file,
                "is cut short or damaged: \(what) at byte \(place) reaches beyond the \(count) bytes that there are"
            )
        }
    }

    init(
        version: Int, fields: [GGUFField], tensors: [GGUFTensor], length: Int, alignment: Int, fileSize: Int
    ) {
        self.version = version
        self.fields = fields
        self.tensors = tensors
        self.length = length
        self.alignment = alignment
        self.fileSize = fileSize
        fieldPlaces = Dictionary(
            fields.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        tensorPlaces = Dictionary(
            tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The field of a key; nil if there is none.
    public func field(_ key: String) -> GGUFField? { fieldPlaces[key].map { fields[$0] } }

    /// The tensor of a name; nil if there is none.
    public func tensor(named name: String) -> GGUFTensor? { tensorPlaces[name].map { tensors[$0] } }

    /// Where the data of the last tensor ends; where the header ends if there is no tensor.
    public var dataEnd: Int { tensors.last?.bytes.upperBound ?? length }
}
