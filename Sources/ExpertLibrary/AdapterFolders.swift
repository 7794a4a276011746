public import ErrorModel
public import Files
internal import Glibc

/// The folders of published adapters, `adapters/<user's folder>/<adapter>/`, each with a manifest `<adapter>.json` beside it.
///
/// - A folder appears whole or not at all, after its manifest.
/// - A manifest is removed before the row and the folder, so that the next start does not undo an interrupted removal.
///
/// Every call blocks on the disk.
struct AdapterFolders: Sendable {
    let state: StateDirectory

    /// Where an adapter's manifest is.
    func manifestPath(of adapter: AdapterRecord) -> String { state.folder(of: adapter) + ".json" }

    /// Writes an adapter's folder and manifest.
    ///
    /// - Throws: `storageFailure`; nothing is left behind then.
    func write(_ draft: AdapterDraft) throws(SgloradError) -> AdapterRecord {
        let record = AdapterRecord(
            draft, id: "a-\(Path.uniqueName())",
            files: draft.files.map { file in
                AdapterRecord.File(
                    name: file.name, bytes: file.contents.count, digest: FileDigest.sha256(file.contents))
            }.sorted { $0.name < $1.name })
        // The user's first adapter: create their folder and share it with them.
        _ = try state.userFolder(draft.uid)
        do throws(SgloradError) {
            let folder = try DurableFolder(in: state.temporary, temporaryName: record.id)
            try state.share(folder: folder.temporaryPath, with: draft.uid)
            for content in draft.files {
                let file = try folder.makeFile(content.name)
                try file.write(content.contents)
                // Before it is synchronised, so that after a crash its owner can still read it.
                state.share(file.descriptor, with: draft.uid, folder: false)
                try file.keep()
            }
            try writeManifest(of: record, synchronisingFolder: false)
            try folder.commit(as: state.folder(of: record))
        } catch {
            remove(record)
            throw error
        }
        return record
    }

    /// Writes an adapter's manifest, from which its row can be rebuilt.
    func writeManifest(of adapter: AdapterRecord, synchronisingFolder: Bool = true) throws(SgloradError) {
        try DurableFile.write(
            Manifest.encode(adapter), to: manifestPath(of: adapter), temporary: state.temporary,
            synchronisingFolder: synchronisingFolder)
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

    /// Brings the layout of an earlier version up to date; see ``adoptEarlierLayout(ownerOf:)``.
    public func adoptEarlierLayout() throws(SgloradError) {
        try adoptEarlierLayout { AdapterFolders.owner(ofManifest: $0) }
    }
}
