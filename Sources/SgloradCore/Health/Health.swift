internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue

/// Looks at everything that can be wrong, each with what to do about it.
struct Health: Sendable {
    /// What was seen.
    struct View: Sendable {
        /// Every condition of the moment.
        var conditions: [Wire.Condition]
        /// The text encoder, where it is sound.
        var encoder: LoadedEncoder?
        /// How many requests are in which state.
        var counts: [RequestState: Int]
    }

    /// Less free space than this is said before anything fails for it.
    static let leastFreeBytes = 256 << 20

    let board: HealthBoard
    let state: StateDirectory
    let cache: ExpertCache
    let queue: IntentQueue
    let encoders: EncoderProvider
    let pool: ComputePool

    /// Looks at everything; its cost grows with the library, so that many look together (``SharedLook``).
    func look() async throws(SgloradError) -> View {
        var conditions = board.all
        var encoder: LoadedEncoder?
        do throws(SgloradError) {
            encoder = try await encoders.loaded()
        } catch {
            conditions.append(
                Wire.Condition(
                    name: "text-encoder", message: error.message,
                    remedy: "Mend the folder; the daemon looks again at the next request."))
        }
        let state = state
        conditions += try await pool.run { () throws(SgloradError) in
            DamagedStore(state).items.map { item in
                Wire.Condition(
                    name: "damaged/\(item.name)", message: item.reason,
                    remedy: "Look at \(item.path), and remove the folder when you need it no more.")
            } + Self.disk(state)
        }
        conditions += try await generators(encoder: encoder?.digest)
        let counts = try await queue.counts()
        conditions += waiting(counts)
        return View(conditions: conditions, encoder: encoder, counts: counts)
    }

    private static func disk(_ state: StateDirectory) -> [Wire.Condition] {
        guard
            let values = try? URL(filePath: state.root).resourceValues(
                forKeys: [.volumeAvailableCapacityKey]),
            let free = values.volumeAvailableCapacity, free < leastFreeBytes
        else { return [] }
        return [
            Wire.Condition(
                name: "disk", message: "The disk of \(state.root) has \(free >> 20) MiB left.",
                remedy: "Free space there, or lower cache.maximumBytes and run 'sglorad-ctl cache evict'.")
        ]
    }

    /// Bases that had a generator and have none that may serve.
    private func generators(encoder: String?) async throws(SgloradError) -> [Wire.Condition] {
        let rows = Dictionary(grouping: try await cache.generators(), by: \.base)
        var conditions: [Wire.Condition] = []
        for (base, rows) in rows.sorted(by: { $0.key < $1.key }) {
            guard let library = try await cache.library(base) else { continue }
            let experts = Set(library.experts.filter { !$0.isForeign }.map(\.digest))
            // One that cannot be read is on the board.
            let standings = rows.compactMap {
                try? GeneratorStanding(
                    $0, experts: experts, encoder: encoder, layout: library.base.layout)
            }
            guard let newest = standings.first, standings.allSatisfy({ $0.state == .disabled }) else {
                continue
            }
            conditions.append(
                Wire.Condition(
                    name: "generator/\(base)",
                    message: "No generator of '\(base)' may serve; the newest is disabled: "
                        + "\(newest.reason ?? "it is damaged").",
                    remedy: "Train one with 'sglorad-ctl generator train --base \(base)'."))
        }
        return conditions
    }

    private func waiting(_ counts: [RequestState: Int]) -> [Wire.Condition] {
        let open = (counts[.queued] ?? 0) + (counts[.running] ?? 0)
        guard open >= queue.options.capacity else { return [] }
        return [
            Wire.Condition(
                name: "queue", message: "The queue is full: \(open) requests have not ended.",
                remedy: "Wait, raise queue.capacity, or call some off with 'sglorad-ctl queue cancel'.")
        ]
    }
}
