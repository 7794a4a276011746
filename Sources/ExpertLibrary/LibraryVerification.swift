internal import ErrorModel
public import Files
internal import Foundation
internal import Glibc

/// What a verification read and what it found.
public struct LibraryVerification: Sendable {
    /// How many blobs were checked.
    public var blobs = 0
    /// How many adapters were checked.
    public var adapters = 0
    /// How many bytes were read.
    public var bytes = 0
    /// What is wrong.
    public var problems: [LibraryProblem] = []

    /// A verification that has not begun.
    public init() {}
}

extension LibraryInventory {
    /// How far a verification goes.
    public enum Depth: Sendable {
        /// Existence and size of every file.
        case presence
        /// The same, and what the adapters' manifests say; nobody may change an adapter meanwhile.
        case manifests
        /// Every byte: digests are computed again.
        case content
    }

    /// Compares the files of a state directory with the rows; blocks.
    ///
    /// - Parameters:
    ///   - state: the directory.
    ///   - depth: whether contents are read.
    ///   - minimumAge: how old a file must have been, in seconds, when the verification began, to count as an orphan: a
    ///     younger one may belong to a row that is about to be written.
    ///   - orphans: whether files that no row references are looked for.
    ///   - isCancelled: checked before each file and while it is read; true ends the verification early, with what it has
    ///     found so far.
    public func verify(
        _ state: StateDirectory, depth: Depth, minimumAge: Double, orphans: Bool = true,
        isCancelled: () -> Bool = { false }
    ) -> LibraryVerification {
        // The inventory is of this moment: files that appear while the verification runs are not in it.
        let start = Date.now.timeIntervalSince1970
        var result = LibraryVerification()
        let store = BlobStore(state)
        result.problems += damagedRows.map { LibraryProblem(row: $0, of: state.cacheDatabase) }
        let checksums = manifestChecksums
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
                    LibraryProblem(
                        subject: blob.subject, fault: .manifest, path: store.manifestPath(of: digest),
                        finding: "is missing"))
            } else if depth == .content,
                !Self.isSound(store.manifestPath(of: digest), blob.subject, checksums[digest])
            {
                result.problems.append(
                    LibraryProblem(
                        subject: blob.subject, fault: .manifest, path: store.manifestPath(of: digest),
                        finding: "does not say what the database says"))
            }
        }
        for adapter in adapters {
            if isCancelled() { return result }
            result.adapters += 1
            result.problems += verify(
                adapter, state, depth, read: &result.bytes, isCancelled: isCancelled)
        }
        // The files of a damaged row belong to it until the row is repaired.
        if orphans, damagedRows.isEmpty {
            result.problems += unreferenced(in: state, minimumAge: minimumAge, at: start)
        }
        return result
    }

    private func verify(
        _ adapter: AdapterRecord, _ state: StateDirectory, _ depth: Depth, read: inout Int,
        isCancelled: () -> Bool
    ) -> [LibraryProblem] {
        let folder = state.folder(of: adapter)
        let subject = LibraryProblem.Subject.adapter(adapter.id)
        for file in adapter.files {
            let check = FileCheck(
                path: "\(folder)/\(file.name)", bytes: file.bytes, digest: file.digest)
            if let problem = check.problem(subject, depth, read: &read, isCancelled: isCancelled) {
                return [problem]
            }
        }
        let known = Set(adapter.files.map(\.name))
        if let stray = Folder.entries(of: folder).first(where: { !known.contains($0) }) {
            return [
                LibraryProblem(
                    subject: subject, fault: .damaged, path: "\(folder)/\(stray)",
                    finding: "is not one of the adapter's files")
            ]
        }
        guard let manifest = Manifest.read(AdapterRecord.self, folder + ".json"), manifest.id == adapter.id
        else {
            return [
                LibraryProblem(
                    subject: subject, fault: .manifest, path: folder + ".json",
                    finding: "is not the adapter's manifest")
            ]
        }
        guard depth == .presence || manifest.checksum == adapter.checksum else {
            return [
                LibraryProblem(
                    subject: subject, fault: .manifest, path: folder + ".json",
                    finding: "does not say what the database says")
            ]
        }
        return []
    }

    /// Whether the manifest beside a blob says what the row says.
    private static func isSound(
        _ path: String, _ subject: LibraryProblem.Subject, _ checksum: String?
    ) -> Bool {
        switch subject {
        case .expert: Manifest.read(ExpertManifest.self, path)?.expert.checksum == checksum
        case .generator: Manifest.read(GeneratorManifest.self, path)?.generator.checksum == checksum
        case .reference(let base): Manifest.read(ReferenceManifest.self, path)?.base == base
        default: true
        }
    }

    /// The orphans among blobs and adapters.
    ///
    /// - Parameters:
    ///   - state: the directory.
    ///   - minimumAge: how old, in seconds, an orphan must have been.
    ///   - start: the moment at which its age is measured, in seconds since 1970.
    private func unreferenced(
        in state: StateDirectory, minimumAge: Double, at start: Double
    ) -> [LibraryProblem] {
        let known = knownPaths(in: state)
        var found: [String] = []
        for top in [state.blobs, state.adapters] {
            for name in Folder.entries(of: top) {
                let folder = "\(top)/\(name)"
                guard Folder.exists(folder) else {
                    found.append(folder)
                    continue
                }
                found += Folder.entries(of: folder).map { "\(folder)/\($0)" }
            }
        }
        return found.filter { path in
            guard !known.contains(path) else { return false }
            var status = stat()
            return lstat(path, &status) == 0 && start - Double(status.st_mtim.tv_sec) >= minimumAge
        }.map {
            LibraryProblem(
                subject: .unreferenced, fault: .unreferenced, path: $0, finding: "is referenced by no row")
        }
    }
}

/// A file as its row describes it.
struct FileCheck {
    let path: String
    /// Its size in bytes; nil where no row holds it.
    let bytes: Int?
    let digest: String

    /// What is wrong with the file; nil where nothing is, and where the check was cancelled.
    ///
    /// Blocks.
    func problem(
        _ subject: LibraryProblem.Subject, _ depth: LibraryInventory.Depth, read: inout Int,
        isCancelled: () -> Bool = { false }
    ) -> LibraryProblem? {
        func found(_ fault: LibraryProblem.Fault, _ finding: String) -> LibraryProblem {
            LibraryProblem(subject: subject, fault: fault, path: path, finding: finding)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? found(.missing, "is missing")
                : found(.unreadable, "cannot be read: \(SgloradError.systemReason(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return found(.damaged, "is not a regular file") }
        if let bytes, bytes != Int(status.st_size) {
            return found(.damaged, "has \(status.st_size) bytes instead of \(bytes)")
        }
        guard depth == .content else { return nil }
        do throws(SgloradError) {
            let computed = try FileDigest.sha256(file: path, isCancelled: isCancelled)
            read += Int(status.st_size)
            return computed == digest
                ? nil : found(.damaged, "has a digest mismatch: its content has changed")
        } catch {
            return error.code == .cancelled ? nil : found(.unreadable, error.message)
        }
    }
}
