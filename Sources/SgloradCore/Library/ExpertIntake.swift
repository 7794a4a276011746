internal import AdapterFormats
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import LowRank

/// Brings an expert's files into a library: to its gauge and rank, or the library to a rank that holds them.
struct ExpertIntake: Sendable {
    let cache: ExpertCache
    /// What PEFT's files said.
    let folder: PEFTFolder

    /// Prepares the change of a library that an expert makes, and stores its blobs; blocks.
    ///
    /// - Parameters:
    ///   - expert: the row, its parameters not stored yet.
    ///   - known: the base and its experts as they are; nil where the expert makes the base, by `fresh`.
    /// - Returns: the change, and why it cannot be made: `layoutMismatch` where the adapter does not fit the base's sites, or
    ///   what the disk says. The caller then discards it, for the blobs that were stored before.
    func change(
        for expert: ExpertRecord, in known: (base: BaseRecord, experts: [ExpertRecord])?, fresh: BaseRecord
    ) -> (change: LibraryChange, failure: SgloradError?) {
        var change = LibraryChange(before: known?.base, after: known?.base ?? fresh, expert: expert)
        do throws(SgloradError) {
            let alignment = try alignment(&change)
            if change.raisesRank, let known { try pad(known.experts, of: known.base, &change) }
            var row = expert
            row.isForeign = alignment.isForeign
            row.alignment = alignment.distance
            change.expert = try cache.store(
                ExpertParameters(folder.checkpoints, by: alignment), of: row, base: change.after)
            return (change, nil)
        } catch {
            return (change, error)
        }
    }

    /// How the expert is brought in; gives the base its reference or a higher rank where it must.
    private func alignment(_ change: inout LibraryChange) throws(SgloradError) -> GaugeAlignment {
        let factors = folder.checkpoints.map(\.factors)
        guard let reference = try cache.reference(of: change.after) else {
            let rank = try GaugeAlignment.rank(of: factors, on: change.after.layout)
            change.after.layout = try change.after.layout.withRank(max(rank, change.after.layout.rank))
            let reference = try GaugeReference(first: factors, on: change.after.layout)
            change.after.reference = try cache.store(reference, ofBase: change.after.name)
            return try GaugeAlignment(of: factors, to: reference, on: change.after.layout)
        }
        let fitted = try GaugeAlignment(of: factors, to: reference, on: change.after.layout)
        guard fitted.rank > change.after.layout.rank else { return fitted }
        change.after.layout = try change.after.layout.withRank(fitted.rank)
        return try GaugeAlignment(of: factors, to: reference, on: change.after.layout)
    }

    /// Stores the parameters of the library's other experts anew, on the layout of the higher rank.
    private func pad(
        _ experts: [ExpertRecord], of base: BaseRecord, _ change: inout LibraryChange
    ) throws(SgloradError) {
        change.present = experts
        for expert in experts {
            let parameters = try cache.parameters(of: expert, on: base.layout)
            change.padded.append(
                try cache.store(
                    parameters.padded(from: base.layout, to: change.after.layout), of: expert,
                    base: change.after))
        }
    }
}
