public import ErrorModel
public import Files
internal import Glibc

/// The folders of published adapters, `adapters/<user's folder>/<adapter>/`, each with a manifest `<adapter>.json` beside it.
///
/// - A folder appears whole or not at all, after its manifest; one that is journalled (`AdapterJournal`) may be incomplete after
///   a power cut, until the start has restored it.
/// - A manifest is removed before the row and the folder, so that the next start does not undo an interrupted removal.
///
/// Every call blocks on the disk.
struct AdapterFolders: Sendable {
    let state: StateDirectory

    /// Where an adapter's manifest is.
    func manifestPath(of adapter: AdapterRecord) -> String { state.folder(of: adapter) + ".json" }

    /// Writes an adapter's folder and manifest.
    ///
    /// - Parameters:
    ///   - draft: the adapter.
    ///   - synchronising: false where the caller makes them durable in another way.
    /// - Returns: the adapter and what its manifest says.
    /// - Throws: `storageFailure`; nothing is left behind then.
    func write(
        _ draft: AdapterDraft, synchronising: Bool
    ) throws(SgloradError) -> (record: AdapterRecord, manifest: [UInt8]) {
        let record = AdapterRecord(
            draft, id: "a-\(Path.uniqueName())",
            files: draft.files.map { file in
                AdapterRecord.File(
                    name: file.name, bytes: file.contents.count, digest: FileDigest.sha256(file.contents))
            }.sorted { $0.name < $1.name })
        // The user's first adapter: create their folder and share it with them.
        _ = try state.userFolder(draft.uid)
        let manifest = try Manifest.encode(record)
        do throws(SgloradError) {
            let folder = try DurableFolder(in: state.temporary, temporaryName: record.id)
            try state.share(folder: folder.temporaryPath, with: draft.uid)
            for content in draft.files {
                let file = try folder.makeFile(content.name)
                try file.write(content.contents)
                // Before it is synchronised, so that after a crash its owner can still read it.
                state.share(file.descriptor, with: draft.uid, folder: false)
                try file.keep(synchronising: synchronising)
            }
            try write(manifest, asManifestOf: record, synchronising: synchronising)
            try folder.commit(as: state.folder(of: record), synchronising: synchronising)
        } catch {
            remove(record)
            throw error
        }
        return (record, manifest)
    }

    /// Makes the folders and manifests of adapters durable, file by file; what was removed meanwhile is passed over.
    ///
    /// - Throws: `storageFailure`.
    func synchronise(_ adapters: [AdapterRecord]) throws(SgloradError) {
        for adapter in adapters {
            let folder = state.folder(of: adapter)
            for path in adapter.files.map({ "\(folder)/\($0.name)" }) + [folder, manifestPath(of: adapter)] {
                let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                guard descriptor >= 0 else {
                    if errno == ENOENT || errno == ENOTDIR { continue }
                    throw .system(path, "it cannot be opened")
                }
                defer { close(descriptor) }
                guard fsync(descriptor) == 0 else { throw .system(path, "it could not be synchronised") }
            }
        }
        for parent in Set(adapters.map { Path.parent(of: state.folder(of: $0)) })
        where access(parent, F_OK) == 0 { try Folder.synchronise(parent) }
    }

    /// Lets an adapter's owner, and the readers as they are now, read its files.
    ///
    /// - Throws: `storageFailure` where one of them cannot be opened.
    func share(_ adapter: AdapterRecord) throws(SgloradError) {
        let folder = state.folder(of: adapter)
        _ = try state.userFolder(adapter.uid)
        try state.share(folder: folder, with: adapter.uid)
        for file in adapter.files {
            let path = "\(folder)/\(file.name)"
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { throw .system(path, "it cannot be opened") }
            state.share(descriptor, with: adapter.uid, folder: false)
            close(descriptor)
        }
    }

    /// Writes what is missing of a journalled adapter, or differs from it; durable when it returns.
    ///
    /// - Parameters:
    ///   - record: the adapter with its contents.
    ///   - evenComplete: whether every file is written anew.
    /// - Throws: `storageFailure`.
    func restore(_ record: JournalRecord, evenComplete: Bool) throws(SgloradError) {
        let adapter = record.adapter
        let parent = try state.userFolder(adapter.uid)
        let folder = state.folder(of: adapter)
        try Folder.make(folder)
        try state.share(folder: folder, with: adapter.uid)
        for (file, content) in zip(adapter.files, record.contents) {
            let path = "\(folder)/\(file.name)"
            if !evenComplete, (try? FileDigest.sha256(file: path)) == file.digest { continue }
            let copy = try DurableFile(in: state.temporary, reportedAs: path)
            try copy.write(content)
            state.share(copy.descriptor, with: adapter.uid, folder: false)
            try copy.commit(as: path, synchronisingFolder: false)
        }
        if evenComplete
            || Manifest.read(AdapterRecord.self, manifestPath(of: adapter))?.checksum != adapter.checksum
        {
            try write(record.manifest, asManifestOf: adapter)
        }
        try Folder.synchronise(folder)
        try Folder.synchronise(parent)
    }

    /// Writes an adapter's manifest, from which its row can be rebuilt.
    func writeManifest(of adapter: AdapterRecord) throws(SgloradError) {
        try write(Manifest.encode(adapter), asManifestOf: adapter, synchronisingFolder: true)
    }

    /// Writes a manifest; its folder is synchronised by the caller, or here.
    private func write(
        _ manifest: [UInt8], asManifestOf adapter: AdapterRecord, synchronisingFolder: Bool = false,
        synchronising: Bool = true
    ) throws(SgloradError) {
        try DurableFile.write(
            manifest, to: manifestPath(of: adapter), temporary: state.temporary,
            synchronisingFolder: synchronisingFolder, synchronising: synchronising)
    }

    /// Removes adapters' manifests; durable when it returns.
    ///
    /// - Throws: `storageFailure` where one cannot be removed.
    func removeManifests(of adapters: [AdapterRecord]) throws(SgloradError) {
        for adapter in adapters {
            guard unlink(manifestPath(of: adapter)) == 0 || errno == ENOENT else {
                throw .system(manifestPath(of: adapter), "the adapter's manifest cannot be removed")
            }
        }
        for owner in Set(adapters.map(\.uid)) {
            let folder = state.owner(owner)
            if access(folder, F_OK) == 0 { try Folder.synchronise(folder) }
        }
    }

    /// Removes whatever is left of an adapter that has no row.
    func remove(_ adapter: AdapterRecord) {
        unlink(manifestPath(of: adapter))
        Folder.remove(state.folder(of: adapter))
    }

    /// The adapters whose folder and manifest are complete, except those with the given identifiers.
    func complete(except known: Set<String>) -> [AdapterRecord] {
        Folder.entries(of: state.adapters).flatMap { owner in
            let folder = "\(state.adapters)/\(owner)"
            return Folder.entries(of: folder).filter { $0.hasSuffix(".json") }
                .filter { !known.contains(String($0.dropLast(5))) }
                .compactMap { complete("\(folder)/\($0)") }
        }
    }

    /// The user to whom the adapter of a manifest belongs; nil where the file is missing or no manifest.
    static func owner(ofManifest path: String) -> UserID? {
        Manifest.read(AdapterRecord.self, path)?.uid
    }

    /// The adapter of a manifest that lies in its owner's folder and whose own folder holds exactly the files that it lists; nil
    /// for anything else.
    private func complete(_ path: String) -> AdapterRecord? {
        guard let record = Manifest.read(AdapterRecord.self, path), path == manifestPath(of: record) else {
            return nil
        }
        let folder = String(path.dropLast(5))
        guard Folder.entries(of: folder) == record.files.map(\.name).sorted() else { return nil }
        let isComplete = record.files.allSatisfy { file in
            (try? FileDigest.sha256(file: "\(folder)/\(file.name)")) == file.digest
        }
        return isComplete ? record : nil
    }
}

extension StateDirectory {
    /// Where an adapter's folder is.
    func folder(of adapter: AdapterRecord) -> String {
        "\(owner(adapter.uid))/\(adapter.id)"
    }

    /// Brings the layout of an earlier version up to date; as `adoptEarlierLayout(ownerOf:)` does.
    public func adoptEarlierLayout() throws(SgloradError) {
        try adoptEarlierLayout { AdapterFolders.owner(ofManifest: $0) }
    }
}
