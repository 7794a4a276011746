internal import ErrorModel
internal import FoundationEssentials
internal import Glibc

/// A folder that a model's files are read from; every failure names the file.
struct ModelFolder {
    /// The folder's path.
    let path: String

    /// The longest JSON file that is read, in bytes.
    static let maximumJSONLength = 1 << 20

    /// The path of a file of the folder.
    func file(_ name: String) -> String {
        path.hasSuffix("/") ? path + name : path + "/" + name
    }

    /// A folder within this one; the same one for an empty name.
    ///
    /// - Throws: `invalidModel` when the name leads out of the folder.
    func folder(_ name: String, namedBy source: String) throws(SgloradError) -> ModelFolder {
        if name.isEmpty || name == "." { return self }
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw .invalidModel(
                file(source),
                "names the folder '\(name)', which leads out of the model's; use an unchanged model")
        }
        return ModelFolder(path: file(name))
    }

    /// Whether a file of that name can be opened or is at least there.
    func holds(_ name: String) -> Bool {
        access(file(name), F_OK) == 0
    }

    /// Decodes a JSON file.
    ///
    /// - Throws: `invalidModel` when the file is missing, too long, or not such JSON.
    func decode<Value: Decodable>(_ type: Value.Type, from name: String) throws(SgloradError) -> Value {
        let bytes = try read(name, upTo: Self.maximumJSONLength)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .invalidModel(
                file(name),
                "does not hold what such a file should: \(Self.explain(error)); copy the model again",
                cause: error)
        }
    }

    /// Reads a whole regular file.
    ///
    /// - Throws: `invalidModel` when it is missing, not a regular file, longer than `limit`, or cannot be read.
    func read(_ name: String, upTo limit: Int) throws(SgloradError) -> [UInt8] {
        let path = file(name)
        // O_NONBLOCK, so that a FIFO is refused below and not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .invalidModel(path, Self.missing) }
            throw .invalidModel(path, "cannot be opened (error \(errno)); check its permissions")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .invalidModel(path, "is not a regular file; copy the model again")
        }
        guard status.st_size <= limit else {
            throw .invalidModel(
                path, "is \(status.st_size) bytes long, above the limit of \(limit); check the model")
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
                    path, "could not be read to its end; check the disk and copy the model again")
            }
            filled += count
        }
        return bytes
    }

    /// The reason of every missing file.
    static let missing =
        "is missing; the folder must hold an unchanged sentence-transformers model of BERT's kind"

    private static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "" : "'\(path)': "
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(place(context))the key '\(key.stringValue)' is missing"
        case .typeMismatch(_, let context): place(context) + context.debugDescription
        case .valueNotFound(_, let context): place(context) + context.debugDescription
        case .dataCorrupted(let context): place(context) + context.debugDescription
        @unknown default: "\(error)"
        }
    }
}

/// A path from the root, without empty and "." components; symbolic links are left as they are.
func absolutePath(_ path: String) -> String {
    var full = path
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
        full = String(cString: current) + "/" + path
        free(current)
    }
    return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}
