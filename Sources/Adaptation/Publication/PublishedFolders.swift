internal import ErrorModel
internal import Files
internal import Glibc
internal import StrictJSON

/// A folder of PEFT folders, each named as the model that it adds, as vLLM's filesystem resolver wants it.
///
/// The weights are hard links to the adapter's own file, or copies on another file system. The configuration differs from the
/// adapter's own if the base model has another name there. Each folder has a mark that says whose it is; what has none is not
/// the daemon's, and stays.
struct PublishedFolders: Sendable {
    /// One folder.
    struct Entry: Sendable, Hashable {
        let name: String
        /// The adapter's identifier.
        let adapter: String
        /// The adapter's own folder.
        let source: String
        /// What `base_model_name_or_path` becomes; nil to leave it as it is.
        let baseModelName: String?

        /// The content of the mark.
        fileprivate var mark: String { "\(adapter)\n\(baseModelName ?? "")\n" }
    }

    /// The file that marks a folder of the daemon's.
    static let markName = ".sglorad"
    private static let longestMark = 16 << 10
    private static let longestConfiguration = 1 << 20
    private static let configurationName = "adapter_config.json"
    private static let weightsName = "adapter_model.safetensors"
    /// How the names of what is incomplete begin.
    private static let hidden = ".sglorad-"

    /// The folder of folders.
    let root: String
    let state: StateDirectory

    /// Makes the folder hold these entries and nothing else of the daemon's; blocks.
    ///
    /// An entry that fails does not keep the others from their places.
    ///
    /// - Parameters:
    ///   - entries: what there is to be.
    ///   - evenUnchanged: whether complete folders are made anew, because the readers may be others than before.
    /// - Returns: the names that something else has, which is not the daemon's.
    /// - Throws: `storageFailure`, or `invalidFile` for an adapter's own file: the first error that occurred.
    func match(_ entries: [Entry], evenUnchanged: Bool) throws(SgloradError) -> [String] {
        try state.makeShared(folder: root)
        let wanted = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }
        var present: [String: String] = [:]
        var (taken, failure): ([String], SgloradError?) = ([], nil)
        for name in try Folder.names(in: root) {
            do throws(SgloradError) {
                if name.hasPrefix(Self.hidden) {
                    Folder.remove("\(root)/\(name)")
                } else if let mark = Self.mark(of: "\(root)/\(name)") {
                    if wanted[name] == nil {
                        try Folder.vanish("\(root)/\(name)")
                    } else {
                        present[name] = mark
                    }
                } else if wanted[name] != nil {
                    taken.append(name)
                }
            } catch {
                failure = failure ?? error
            }
        }
        for entry in entries where !taken.contains(entry.name) {
            guard evenUnchanged || present[entry.name] != entry.mark else { continue }
            do throws(SgloradError) { try make(entry) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return taken
    }

    /// What the mark of a folder says; nil if there is no such folder or it has no mark.
    private static func mark(of folder: String) -> String? {
        guard Folder.exists(folder), FileKind(of: "\(folder)/\(markName)", followingLinks: false) == .file,
            let bytes = try? read("\(folder)/\(markName)", atMost: longestMark)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func read(_ path: String, atMost most: Int) throws(SgloradError) -> [UInt8] {
        let bytes = try ReadableFile(path).read(most + 1)
        guard bytes.count <= most else { throw .invalidFile(path, "it is longer than \(most) bytes.") }
        return bytes
    }

    /// Makes one folder, in the place of what the daemon had there.
    private func make(_ entry: Entry) throws(SgloradError) {
        let folder = try DurableFolder(in: root, temporaryName: Path.temporaryName())
        let configuration = "\(entry.source)/\(Self.configurationName)"
        let content = try Self.configuration(
            try Self.read(configuration, atMost: Self.longestConfiguration), entry.baseModelName,
            configuration)
        for (name, bytes) in [(Self.configurationName, content), (Self.markName, Array(entry.mark.utf8))] {
            let file = try folder.makeFile(name)
            try file.write(bytes)
            state.share(file.descriptor, with: .current, folder: false)
            try file.keep()
        }
        try link("\(entry.source)/\(Self.weightsName)", to: folder)
        try state.share(folder: folder.temporaryPath, with: .current)
        try Folder.synchronise(folder.temporaryPath)
        try Folder.replace("\(root)/\(entry.name)", by: folder.temporaryPath)
    }

    /// Links the weights into a folder, or copies them to another file system.
    private func link(_ weights: String, to folder: borrowing DurableFolder) throws(SgloradError) {
        let target = "\(folder.temporaryPath)/\(Self.weightsName)"
        if Glibc.link(weights, target) == 0 { return }
        guard errno == EXDEV || errno == EPERM || errno == EMLINK || errno == ENOTSUP else {
            throw .system(weights, "it cannot be linked into \(root)")
        }
        let source = try ReadableFile(weights)
        let copy = try folder.makeFile(Self.weightsName)
        while true {
            let part = try source.read(1 << 20)
            if part.isEmpty { break }
            try copy.write(part)
        }
        state.share(copy.descriptor, with: .current, folder: false)
        try copy.keep()
    }

    /// An `adapter_config.json` with another `base_model_name_or_path`.
    private static func configuration(
        _ bytes: [UInt8], _ baseModelName: String?, _ path: String
    ) throws(SgloradError) -> [UInt8] {
        guard let baseModelName else { return bytes }
        guard let document = try? JSONValue(parsing: bytes), let members = document.object else {
            throw .invalidFile(path, "it is no JSON object.")
        }
        let key = "base_model_name_or_path"
        let changed = members.map { member in
            member.name == key ? JSONValue.Member(name: key, value: .string(baseModelName)) : member
        }
        return JSONValue.object(changed).indented() + [0x0A]
    }
}
