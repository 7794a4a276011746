internal import Configuration
internal import ErrorModel
internal import Foundation
internal import Synchronization
internal import Yams

/// The known configuration keys, recorded as the options are read, so that there is no separate list to keep
/// up to date.
final class ConfigurationKeys: AccessReporter {
    private let asked = Mutex<Set<String>>([])

    /// Every key that was read, such as `queue.capacity`.
    var known: Set<String> { asked.withLock { $0 } }

    func report(_ event: AccessEvent) {
        let key = event.metadata.key.components.joined(separator: ".")
        asked.withLock { _ = $0.insert(key) }
    }

    /// Rejects a file that has an unknown key: a misspelt key must not silently leave a default in effect.
    ///
    /// - Throws: `invalidFile`, which names the key and the most similar known key.
    func requireKnown(in file: String) throws(SgloradError) {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let root = try? compose(yaml: text)
        else { return }
        let known = known
        for key in Self.keys(of: root, []) where !known.contains(key.path) {
            // A section such as 'queue:' whose entries are all commented out is allowed.
            if key.isEmpty, known.contains(where: { $0.hasPrefix(key.path + ".") }) { continue }
            let nearest = known.min { Self.distance($0, key.path) < Self.distance($1, key.path) } ?? ""
            throw .invalidFile(
                file,
                "the key '\(key.path)' is unknown; did you mean '\(nearest)'? docs/configuration.md lists "
                    + "all keys.")
        }
    }

    private static func keys(of node: Node, _ above: [String]) -> [(path: String, isEmpty: Bool)] {
        guard case .mapping(let mapping) = node, !(mapping.isEmpty && above.isEmpty) else {
            return above.isEmpty ? [] : [(above.joined(separator: "."), node.null != nil)]
        }
        guard !mapping.isEmpty else { return [(above.joined(separator: "."), true)] }
        return mapping.flatMap { key, value in
            keys(of: value, above + [key.string ?? "?"])
        }
    }

    /// The Levenshtein distance of two texts.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one), Array(other))
        var row = Array(0...other.count)
        for (line, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, against) in other.enumerated() {
                let changed = diagonal + (letter == against ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
