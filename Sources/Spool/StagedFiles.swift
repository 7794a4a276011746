internal import ErrorModel
internal import Files
internal import Glibc

/// Files for users' folders that become durable together.
///
/// The files are first written under temporary names. Publishing starts to write all of them to the disk before it
/// waits for any, so that one commit of the file system's journal serves the whole batch, and synchronises each folder
/// once. Each call blocks on the disk.
struct StagedFiles {
    private struct Place: Hashable {
        let parent: UserFolder.Parent
        let owner: UserID
    }

    private struct Staged {
        let place: Place
        let temporary: FileName
        let name: String
        let ticket: Int
    }

    private let spool: SpoolFolder
    private var folders: [Place: UserFolder] = [:]
    private var files: [Staged] = []

    /// Begins a batch.
    init(_ spool: SpoolFolder) {
        self.spool = spool
    }

    /// The users who cannot read what was written for them.
    var unreadable: Set<UserID> { Set(folders.filter { !$0.value.isReadable }.keys.map(\.owner)) }

    /// Writes a file under a temporary name.
    ///
    /// - Parameters:
    ///   - content: the whole file.
    ///   - name: its final name; a file of that name is replaced.
    ///   - parent: the folder of users' folders.
    ///   - owner: the user who can read it.
    ///   - ticket: what `publish()` reports a failure of this file under; several files can share one.
    /// - Throws: `storageFailure`; the other files of the batch are not affected.
    mutating func add(
        _ content: [UInt8], as name: String, in parent: UserFolder.Parent, of owner: UserID, ticket: Int
    ) throws(SgloradError) {
        let place = Place(parent: parent, owner: owner)
        let temporary = try folder(place).stage(content, for: name)
        files.append(Staged(place: place, temporary: temporary, name: name, ticket: ticket))
    }

    /// A user's folder, opened once per batch.
    mutating func folder(_ parent: UserFolder.Parent, of owner: UserID) throws(SgloradError) -> UserFolder {
        try folder(Place(parent: parent, owner: owner))
    }

    private mutating func folder(_ place: Place) throws(SgloradError) -> UserFolder {
        if let known = folders[place] { return known }
        let made = try UserFolder(of: place.owner, in: place.parent, of: spool)
        folders[place] = made
        return made
    }

    /// Makes the files durable, gives them their names, and makes the names durable.
    ///
    /// - Parameter abandoned: tickets whose files are removed instead.
    /// - Returns: the first failure of each ticket that has one. Of a file that failed nothing is left.
    mutating func publish(without abandoned: Set<Int> = []) -> [Int: SgloradError] {
        var failures: [Int: SgloradError] = [:]
        for file in files {
            do throws(SgloradError) {
                guard let folder = folders[file.place] else { continue }
                guard !abandoned.contains(file.ticket) else {
                    folder.discard(file.temporary)
                    continue
                }
                try folder.publish(file.temporary, as: file.name)
            } catch {
                failures[file.ticket] = failures[file.ticket] ?? error
            }
        }
        for (place, folder) in folders {
            do throws(SgloradError) {
                try folder.synchronise()
            } catch {
                for file in files where file.place == place {
                    failures[file.ticket] = failures[file.ticket] ?? error
                }
            }
        }
        files = []
        return failures
    }

    /// Makes what was done in the folders since durable.
    ///
    /// - Throws: `storageFailure`.
    func synchronise(_ parent: UserFolder.Parent) throws(SgloradError) {
        for (place, folder) in folders where place.parent == parent { try folder.synchronise() }
    }
}
