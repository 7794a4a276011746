internal import AdapterFiles
public import ErrorModel
internal import Glibc

extension PEFTFolder {
    /// Reads an adapter from a directory, for tools and tests; the daemon reads its own copies.
    ///
    /// - Parameter directory: files that are not ``isRelevant(_:)`` are ignored. A relevant symbolic link is
    ///   rejected, so that a folder cannot pull in files from elsewhere.
    /// - Throws: as ``read(files:)``.
    public static func read(directory: String) throws(SgloradError) -> PEFTFolder {
        var files: [String: String] = [:]
        for name in try names(in: directory) {
            let path = "\(directory)/\(name)"
            if name == pickleName || isRelevant(name) {
                try requireNoLink(path, displayName: name)
                files[name] = path
            } else if AdapterFileName.checkpointNumber(ofFolder: name) != nil {
                try requireNoLink(path, displayName: name)
                guard isDirectory(path) else { continue }
                for inner in try names(in: path) where inner == pickleName || isRelevant("\(name)/\(inner)") {
                    try requireNoLink("\(path)/\(inner)", displayName: "\(name)/\(inner)")
                    files["\(name)/\(inner)"] = "\(path)/\(inner)"
                }
            }
        }
        return try read(files: files)
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func requireNoLink(_ path: String, displayName: String) throws(SgloradError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw .invalidFile(displayName, "cannot be inspected: \(errorText(errno))")
        }
        guard status.st_mode & S_IFMT != S_IFLNK else {
            throw .invalidFile(
                displayName, "is a symbolic link; copy the folder with 'cp -rL' and use the copy")
        }
    }

    /// The names in a directory that are valid UTF-8; no others can be relevant.
    private static func names(in directory: String) throws(SgloradError) -> [String] {
        guard let stream = opendir(directory) else {
            throw .invalidFile(directory, "cannot be opened as a directory: \(errorText(errno))")
        }
        defer { closedir(stream) }
        guard let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
        var result: [String] = []
        while let entry = readdir(stream) {
            let name = (UnsafeRawPointer(entry) + nameOffset).assumingMemoryBound(to: CChar.self)
            if let name = String(validatingCString: name) { result.append(name) }
        }
        return result
    }
}
