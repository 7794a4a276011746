internal import DurableStorage
public import ErrorModel
public import Foundation
internal import GRDB

extension ExpertCache {
    /// Takes the labels off adapters that are older than a moment: from their manifests first, then from their rows.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func eraseLabels(before moment: Date) async throws(SgloradError) -> Int {
        let labelled = try await read { db in
            try Self.adapters(
                db, where: "label IS NOT NULL AND createdAt <= ?", [moment.timeIntervalSince1970])
        }
        guard !labelled.isEmpty else { return 0 }
        try await disk.run { [self] () throws(SgloradError) in
            for adapter in labelled {
                var bare = adapter
                bare.label = nil
                try writeManifest(of: bare)
            }
        }
        try await write { db in
            for adapter in labelled {
                try db.execute(sql: "UPDATE adapter SET label = NULL WHERE id = ?", arguments: [adapter.id])
            }
        }
        try await truncateLog()
        return labelled.count
    }
}
