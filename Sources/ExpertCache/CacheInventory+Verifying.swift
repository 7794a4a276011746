public import DurableStorage
internal import ErrorModel
internal import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a verification looked at, and what it found.
public struct CacheVerification: Sendable {
    /// How many blobs.
    public var blobs = 0
    /// How many adapters.
    public var adapters = 0
    /// How many bytes were read.
    public var bytes = 0
    /// What is wrong.
    public var problems: [CacheProblem] = []

    /// Makes a verification that has not begun.
    public init() {}
}

extension CacheInventory {
    /// How far a verification goes.
    public enum Depth: Sendable {
        /// Whether everything is there, with its size.
        case presence
        /// Every byte: digests are computed anew.
        case content
    }

    /// Holds the files of a state directory against the rows; blocks.
    ///
    /// - Parameters:
    ///   - state: the directory.
    ///   - depth: whether contents are read.
    ///   - minimumAge: how old a file must have been, in seconds, when the verification began, before it counts as one that
    ///     no row speaks of: a younger one may belong to a row that is about to be written.
    ///   - isCancelled: asked before each file and while it is read; true ends the verification early, and what it found
    ///     by then is not the whole.
    public func verify(
        _ state: StateDirectory, depth: Depth, minimumAge: Double, isCancelled: () -> Bool = { false }
    ) -> CacheVerification {
        // The rows are those of this moment: what came while files were read is none of theirs, however long that took.
        let start = Date.now.timeIntervalSince1970
        var result = CacheVerification()
        let store = BlobStore(state)
        for (digest, blob) in blobs.sorted(by: { $0.key < $1.key }) {
            if isCancelled() { return result }
            result.blobs += 1
            let check = FileCheck(path: store.path(of: digest), bytes: blob.bytes, digest: digest)
            if let problem = check.problem(
                blob.subject, depth, read: &result.bytes, isCancelled: isCancelled)
            {
                result.problems.append(problem)
            } else if access(store.manifestPath(of: digest), F_OK) != 0 {
                result.problems.append(
                    CacheProblem(
                        subject: blob.subject, fault: .manifest, path: store.manifestPath(of: digest),
                        finding: "is not there"))
            }
        }
        for adapter in adapters {
            if isCancelled() { return result }
            result.adapters += 1
            result.problems += verify(
                adapter, state, depth, read: &result.bytes, isCancelled: isCancelled)
        }
        result.problems += unreferenced(in: state, minimumAge: minimumAge, at: start)
        return result
    }

    private func verify(
        _ adapter: AdapterRecord, _ state: StateDirectory, _ depth: Depth, read: inout Int,
        isCancelled: () -> Bool
    ) -> [CacheProblem] {
        let folder = state.folder(of: adapter)
        let subject = CacheProblem.Subject.adapter(adapter.id)
        for file in adapter.files {
            let check = FileCheck(
                path: "\(folder)/\(file.name)", bytes: file.bytes, digest: file.digest)
            if let problem = check.problem(subject, depth, read: &read, isCancelled: isCancelled) {
                return [problem]
            }
        }
        let known = Set(adapter.files.map(\.name))
        if let stray = DurableFile.entries(of: folder).first(where: { !known.contains($0) }) {
            return [
                CacheProblem(
                    subject: subject, fault: .damaged, path: "\(folder)/\(stray)",
                    finding: "is not one of the adapter's files")
            ]
        }
        guard Manifest.read(AdapterRecord.self, folder + ".json")?.id == adapter.id else {
            return [
                CacheProblem(
                    subject: subject, fault: .manifest, path: folder + ".json",
                    finding: "is not the adapter's manifest")
            ]
        }
        return []
    }

    /// What lies among blobs and adapters and no row speaks of.
    ///
    /// - Parameters:
    ///   - state: the directory.
    ///   - minimumAge: how old, in seconds, it must have been.
    ///   - start: the moment that its age is counted to, in seconds since 1970.
    private func unreferenced(
        in state: StateDirectory, minimumAge: Double, at start: Double
    ) -> [CacheProblem] {
        let known = knownPaths(in: state)
        var found: [String] = []
        for top in [state.blobs, state.adapters] {
            for name in DurableFile.entries(of: top) {
                let folder = "\(top)/\(name)"
                guard DurableFile.isFolder(folder) else {
                    found.append(folder)
                    continue
                }
                found += DurableFile.entries(of: folder).map { "\(folder)/\($0)" }
            }
        }
        return found.filter { path in
            guard !known.contains(path) else { return false }
            var status = stat()
            return lstat(path, &status) == 0 && start - Double(status.st_mtim.tv_sec) >= minimumAge
        }.map {
            CacheProblem(
                subject: .unreferenced, fault: .unreferenced, path: $0, finding: "belongs to nothing")
        }
    }
}

/// A file as a row describes it.
struct FileCheck {
    let path: String
    /// How many bytes it has; nil where no row says so.
    let bytes: Int?
    let digest: String

    /// What is wrong with the file; nil where nothing is, and where the reading was called off.
    func problem(
        _ subject: CacheProblem.Subject, _ depth: CacheInventory.Depth, read: inout Int,
        isCancelled: () -> Bool = { false }
    ) -> CacheProblem? {
        func found(_ fault: CacheProblem.Fault, _ finding: String) -> CacheProblem {
            CacheProblem(subject: subject, fault: fault, path: path, finding: finding)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? found(.missing, "is not there") : found(.unreadable, String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return found(.damaged, "is no regular file") }
        if let bytes, bytes != Int(status.st_size) {
            return found(.damaged, "has \(status.st_size) bytes and not \(bytes)")
        }
        guard depth == .content else { return nil }
        do throws(SgloradError) {
            let computed = try FileDigest.sha256(file: path, isCancelled: isCancelled)
            read += Int(status.st_size)
            return computed == digest ? nil : found(.damaged, "has not the content that was stored")
        } catch {
            return error.code == .cancelled ? nil : found(.unreadable, error.message)
        }
    }
}
