internal import ErrorModel
internal import FoundationEssentials
internal import Glibc

/// A folder with a model's files; every error names the file.
struct ModelFolder {
    let path: String

    /// The largest JSON file that is read, in bytes.
    static let maximumJSONLength = 1 << 20

    func file(_ name: String) -> String {
        path.hasSuffix("/") ? path + name : path + "/" + name
    }

    /// A folder inside this one, or this one if the name is empty.
    ///
    /// - Parameter source: the file that contains the name, for error messages.
    /// - Throws: `invalidModel` if the name leads outside the folder.
    func folder(_ name: String, namedBy source: String) throws(SgloradError) -> ModelFolder {
        if name.isEmpty || name == "." { return self }
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw .invalidModel(
                file(source),
                "refers to the folder '\(name)', which is outside the model's folder; use an unmodified model"
            )
        }
        return ModelFolder(path: file(name))
    }

    func holds(_ name: String) -> Bool {
        access(file(name), F_OK) == 0
    }

    /// Throws `invalidModel` for an option of a configuration file that is not supported.
    ///
    /// - Parameters:
    ///   - option: what the file sets.
    ///   - wanted: continues "use a model with …".
    func require(
        _ condition: Bool, _ option: String, in name: String, use wanted: String
    ) throws(SgloradError) {
        guard condition else {
            throw .invalidModel(file(name), "\(option) is not supported; use a model with \(wanted)")
        }
    }

    /// Decodes a JSON file whose snake_case keys become camelCase properties.
    ///
    /// - Throws: `invalidModel` if the file is missing, too large, or does not decode.
    func decode<Value: Decodable>(_ type: Value.Type, from name: String) throws(SgloradError) -> Value {
        try decode(type, from: try read(name, upTo: Self.maximumJSONLength), of: name)
    }

    /// Decodes the bytes of a JSON file, as `decode(_:from:)` does.
    func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], of name: String
    ) throws(SgloradError) -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw .invalidModel(
                file(name),
                "cannot be decoded: \(Self.explain(error)); download the model again",
                cause: error)
        }
    }

    /// Reads a whole regular file.
    ///
    /// - Throws: `invalidModel` if it is missing, not a regular file, larger than `limit`, or cannot be read.
    func read(_ name: String, upTo limit: Int) throws(SgloradError) -> [UInt8] {
        let path = file(name)
        // O_NONBLOCK: a FIFO is rejected below instead of blocking here.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .invalidModel(path, Self.missing) }
            throw .invalidModel(path, "cannot be opened (error \(errno)); check its permissions")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .invalidModel(path, "is not a regular file; download the model again")
        }
        guard status.st_size <= limit else {
            throw .invalidModel(
                path, "is \(status.st_size) bytes long, above the limit of \(limit); use an unmodified model")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(filled))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw .invalidModel(
                    path, "could not be read completely; check the disk and download the model again")
            }
            filled += count
        }
        return bytes
    }

    /// The reason given for any missing file.
    static let missing =
        "is missing; the folder must contain an unmodified sentence-transformers model with a BERT encoder"

    private static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        // The key as the file spells it.
        func name(_ key: any CodingKey) -> String {
            key.stringValue.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" }
        }
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map(name).joined(separator: ".")
            return path.isEmpty ? "" : "'\(path)': "
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(place(context))the key '\(name(key))' is missing"
        case .typeMismatch(_, let context): place(context) + context.debugDescription
        case .valueNotFound(_, let context): place(context) + context.debugDescription
        case .dataCorrupted(let context): place(context) + context.debugDescription
        @unknown default: "\(error)"
        }
    }
}

/// The absolute form of a path, without empty and "." components; symbolic links are not resolved.
func absolutePath(_ path: String) -> String {
    var full = path
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
        full = String(cString: current) + "/" + path
        free(current)
    }
    return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}
