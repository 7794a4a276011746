public import ErrorModel
public import Files
internal import FoundationEssentials

/// What a program must know to open a state directory; recorded in it, so that an older one refuses it before it touches anything.
///
/// The record is the file `private/version`, lines of a name and a value:
///
///     sglorad 0.2.0
///     cache.db 9
///     layout 2
///     queue.db 7
///     sha256 <of the lines above>
///
/// The first line is the version that gave the directory its form; the others say for each part which form it has, as a number
/// that grows when earlier versions can no longer read it. A part that a program does not know counts as newer. A record that is
/// missing or damaged says nothing: each database also names the version that migrated it, and is refused by that.
public struct StateVersion: Sendable, Equatable {
    /// The version of sglorad.
    public let program: String
    /// The form of each part of the directory, by its name.
    public let parts: [String: Int]

    /// What this build knows.
    public init(parts: [String: Int]) {
        self.init(program: SgloradRelease.version, parts: parts)
    }

    private init(program: String, parts: [String: Int]) {
        self.program = program
        self.parts = parts
    }

    /// Refuses a state directory in a form that this one does not know; reads only, and blocks.
    ///
    /// - Parameter root: the state directory, which need not exist.
    /// - Throws: `storageFailure` that names the version which is needed.
    public func requireKnown(_ root: String) throws(SgloradError) {
        guard let found = Self(recordedIn: Self.path(in: root)) else { return }
        let newer = found.parts.sorted { $0.key < $1.key }.filter { $0.value > parts[$0.key] ?? 0 }
        guard !newer.isEmpty else { return }
        let forms = newer.map { "\($0.key) \($0.value), here \(parts[$0.key].map(String.init) ?? "unknown")" }
        throw .newerState(
            root,
            "the state directory has a form that this version, \(program), does not know "
                + "(\(forms.joined(separator: "; "))). Nothing in it was changed.",
            needs: found.program)
    }

    /// Records this one in a directory that has just got its form, unless it is recorded there; blocks.
    ///
    /// - Returns: whether it is recorded now. It need not be: on a full disk the next start does it.
    public func record(in state: StateDirectory) -> Bool {
        let path = Self.path(in: state.root)
        if Self(recordedIn: path)?.parts == parts { return true }
        do {
            try DurableFile.write(Array(content.utf8), to: path, temporary: state.temporary)
            return true
        } catch {
            return false
        }
    }

    private static func path(in root: String) -> String { root + "/private/version" }

    /// The record's text.
    var content: String {
        let lines = ["sglorad \(program)"] + parts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let text = lines.map { $0 + "\n" }.joined()
        return text + "sha256 \(FileDigest.sha256(text.utf8))\n"
    }

    /// Reads a record; nil where there is none, or where it is damaged.
    private init?(recordedIn path: String) {
        guard let data = FileManager.default.contents(atPath: path), data.count <= 4096 else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        let lines = text.split(separator: "\n").map {
            $0.split(separator: " ", maxSplits: 1).map(String.init)
        }
        guard lines.count > 2, lines.allSatisfy({ $0.count == 2 }), lines[0][0] == "sglorad",
            Self.isVersion(lines[0][1])
        else { return nil }
        let numbers = lines.dropFirst().dropLast().compactMap { line in Int(line[1]).map { (line[0], $0) } }
        self.init(program: lines[0][1], parts: Dictionary(numbers) { first, _ in first })
        // The digest is compared with the text that these values give, so that nothing else can stand in it.
        guard content == text else { return nil }
    }

    /// Whether a text can be a version in a message.
    private static func isVersion(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || ".+-~".unicodeScalars.contains($0))
            }
    }
}
