public import ErrorModel
public import Files
internal import FoundationEssentials
internal import Glibc

/// Something damaged that was moved out of the way.
public struct QuarantinedItem: Sendable, Hashable {
    /// The name of its folder within `damaged/`: when it was found, and what it is.
    public let name: String
    /// The folder.
    public let path: String
    /// What was wrong with it, and what to do.
    public let reason: String
}

/// The folder `damaged/`, to which damaged files are moved so that nothing reads them and an operator can examine them.
///
/// Each item is a folder that holds what was moved and a file `reason`. The folders are the record: the daemon's health
/// names each of them for as long as it is there.
public struct Quarantine: Sendable {
    private let folder: String

    /// The quarantine of a state directory.
    public init(_ state: StateDirectory) {
        folder = state.damaged
    }

    /// Moves files or folders into the quarantine; blocks.
    ///
    /// - Parameters:
    ///   - paths: what is moved; paths that do not exist are skipped.
    ///   - name: what it is; a part of the item's name.
    ///   - reason: what was wrong with it, and what to do.
    /// - Returns: the new item.
    /// - Throws: `storageFailure`; what was not moved by then stays where it is.
    @discardableResult
    public func move(
        _ paths: [String], as name: String, reason: String
    ) throws(SgloradError) -> QuarantinedItem {
        try Folder.make(folder)
        let item = try makeItem(name)
        try DurableFile.write(
            Array((reason + "\n").utf8), to: item + "/reason", synchronisingFolder: false)
        for path in paths {
            let target = item + "/" + Path.name(of: path)
            guard rename(path, target) == 0 || errno == ENOENT else {
                throw .system(path, "it cannot be moved to the quarantine", remedy: "Check \(folder).")
            }
        }
        try Folder.synchronise(item)
        try Folder.synchronise(folder)
        for parent in Set(paths.map(Path.parent)) { try Folder.synchronise(parent) }
        return QuarantinedItem(name: Path.name(of: item), path: item, reason: reason)
    }

    /// Copies files into the quarantine, or keeps a record alone; blocks.
    ///
    /// - Parameters:
    ///   - paths: what is copied; the originals stay where they are.
    ///   - name: what it is; a part of the item's name.
    ///   - reason: what was wrong, and what to do.
    /// - Returns: the new item.
    /// - Throws: `storageFailure`.
    @discardableResult
    public func keep(
        copiesOf paths: [String] = [], as name: String, reason: String
    ) throws(SgloradError) -> QuarantinedItem {
        let item = try move([], as: name, reason: reason)
        for path in paths {
            let copy = try DurableFile(in: item.path, temporaryName: Path.name(of: path))
            try FileBytes.copy(path, to: copy.descriptor, name: copy.temporaryPath)
            try copy.keep()
        }
        try Folder.synchronise(item.path)
        return item
    }

    /// What is in quarantine, oldest first.
    public var items: [QuarantinedItem] {
        Folder.entries(of: folder).map { name in
            let path = folder + "/" + name
            let reason = FileManager.default.contents(atPath: path + "/reason").map {
                String(decoding: $0, as: UTF8.self).trimmingSuffix { $0.isWhitespace }
            }
            return QuarantinedItem(name: name, path: path, reason: reason ?? "no reason was recorded")
        }
    }

    /// Removes erased adapters from the quarantine; blocks.
    ///
    /// What cannot be removed stays, and remains one of the ``items``.
    ///
    /// - Parameter ids: the adapters' identifiers.
    public func removeAdapters(_ ids: some Sequence<String>) {
        let names = Set(ids.map { "adapter\($0)" })
        let found = Folder.entries(of: folder).filter { entry in
            let name = String(entry.drop { $0 != "-" }.dropFirst())
            return names.contains(name) || names.contains(Self.withoutNumber(name))
        }
        for entry in found { Folder.remove(folder + "/" + entry) }
        if !found.isEmpty { try? Folder.synchronise(folder) }
    }

    /// A name without the number that ``makeItem(_:)`` appends where the name is taken.
    private static func withoutNumber(_ name: String) -> String {
        guard let dash = name.lastIndex(of: "-"), let number = Int(name[name.index(after: dash)...]),
            (2...1000).contains(number), name.hasSuffix("-\(number)")
        else { return name }
        return String(name[..<dash])
    }

    private func makeItem(_ name: String) throws(SgloradError) -> String {
        let stamp = Date.now.formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        for number in 1...1000 {
            let path = "\(folder)/\(stamp)-\(name)" + (number == 1 ? "" : "-\(number)")
            if mkdir(path, 0o700) == 0 { return path }
            guard errno == EEXIST else { throw .system(path, "the folder cannot be created") }
        }
        throw .storageFailure(
            folder, "it already holds a thousand items named '\(name)'. Examine them and empty the folder.")
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return String(text)
    }
}
