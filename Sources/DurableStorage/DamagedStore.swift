public import ErrorModel

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Something that was found damaged and put where nothing reads it any more.
public struct DamagedItem: Sendable, Hashable {
    /// The name of its folder within `damaged/`: when it was found, and what it is.
    public let name: String
    /// The folder.
    public let path: String
    /// What was wrong with it, and what to do.
    public let reason: String
}

/// Where what was found damaged is put, so that a person can look at it and nothing takes it for sound.
///
/// Each thing has a folder of its own, with a file `reason` beside what was moved. The folders are the record: while one is
/// there, the daemon's health names it.
public struct DamagedStore: Sendable {
    private let folder: String

    /// What lies aside of a state directory.
    public init(_ state: StateDirectory) {
        folder = state.damaged
    }

    /// Moves files or folders aside; blocks.
    ///
    /// - Parameters:
    ///   - paths: what is moved; what is not there is passed over.
    ///   - name: what it is, for the folder's name.
    ///   - reason: what was wrong with it, and what to do.
    /// - Returns: what lies aside now.
    /// - Throws: `storageFailure`; what was not moved by then stays where it is.
    @discardableResult
    public func moveAside(
        _ paths: [String], as name: String, reason: String
    ) throws(SgloradError) -> DamagedItem {
        try StateDirectory.makeFolder(folder)
        let item = try makeFolder(for: name)
        try DurableFile.write(
            Array((reason + "\n").utf8), to: item + "/reason", temporary: item, synchronisingFolder: false)
        for path in paths {
            let target = item + "/" + DurableFile.name(of: path)
            guard rename(path, target) == 0 || errno == ENOENT else {
                throw .system(path, "what is damaged cannot be moved aside", remedy: "Check \(folder).")
            }
        }
        try DurableFile.synchronise(folder: item)
        try DurableFile.synchronise(folder: folder)
        for parent in Set(paths.map(DurableFile.parent)) { try DurableFile.synchronise(folder: parent) }
        return DamagedItem(name: DurableFile.name(of: item), path: item, reason: reason)
    }

    /// What lies aside, oldest first.
    public var items: [DamagedItem] {
        DurableFile.entries(of: folder).map { name in
            let path = folder + "/" + name
            let reason = FileManager.default.contents(atPath: path + "/reason").map {
                String(decoding: $0, as: UTF8.self).trimmingSuffix { $0.isWhitespace }
            }
            return DamagedItem(name: name, path: path, reason: reason ?? "nothing says why it is there")
        }
    }

    /// Removes what lies aside of adapters that are forgotten; blocks.
    ///
    /// What cannot be removed stays, and goes on being one of the ``items``.
    ///
    /// - Parameter ids: the adapters' identifiers.
    public func removeAdapters(_ ids: some Sequence<String>) {
        let names = Set(ids.map { "adapter\($0)" })
        let found = DurableFile.entries(of: folder).filter { entry in
            let name = String(entry.drop { $0 != "-" }.dropFirst())
            return names.contains(name) || names.contains(Self.withoutNumber(name))
        }
        for entry in found { DurableFile.removeTree(folder + "/" + entry) }
        if !found.isEmpty { try? DurableFile.synchronise(folder: folder) }
    }

    /// A name as `makeFolder(for:)` was given it, before it was numbered because another had it.
    private static func withoutNumber(_ name: String) -> String {
        guard let dash = name.lastIndex(of: "-"), let number = Int(name[name.index(after: dash)...]),
            (2...1000).contains(number), name.hasSuffix("-\(number)")
        else { return name }
        return String(name[..<dash])
    }

    private func makeFolder(for name: String) throws(SgloradError) -> String {
        let stamp = Date.now.formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        for number in 1...1000 {
            let path = "\(folder)/\(stamp)-\(name)" + (number == 1 ? "" : "-\(number)")
            if mkdir(path, 0o700) == 0 { return path }
            guard errno == EEXIST else { throw .system(path, "the folder cannot be made") }
        }
        throw .storageFailure(folder, "holds a thousand of '\(name)' already. Look at them and empty it.")
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return String(text)
    }
}
