internal import AdapterFormats
internal import ErrorModel
internal import ExpertLibrary
internal import Foundation
internal import LowRank

/// Prepares an expert for a library: aligns it to the library's gauge, and raises the library's rank if it
/// needs more.
struct ExpertPreparation: Sendable {
    let store: LibraryStore
    /// The adapter as read from its PEFT files.
    let folder: PEFTFolder

    /// Why a change cannot be made.
    enum Obstacle: Sendable {
        /// `layoutMismatch` if the adapter does not fit the base's sites, or `storageFailure`.
        case failure(SgloradError)
        /// The rank rises, and the present experts were not read.
        case needsOthers
    }

    /// Prepares the change that adds an expert to a library, and stores its blobs; blocks.
    ///
    /// - Parameters:
    ///   - expert: the row; its parameters are not stored yet.
    ///   - known: the base, and whether it has experts; nil if the import creates the base.
    ///   - others: the present experts, which are read only where the rank rises; nil if they were not read.
    ///   - fresh: the base to create if there is none.
    /// - Returns: the change, and why it cannot be made, if so. The caller must then discard the change, which removes the blobs
    ///   that were stored.
    func change(
        for expert: ExpertRecord, in known: (base: BaseRecord, hasExperts: Bool)?, others: [ExpertRecord]?,
        fresh: BaseRecord
    ) -> (change: LibraryChange, obstacle: Obstacle?) {
        var change = LibraryChange(before: known?.base, after: known?.base ?? fresh, expert: expert)
        if let known, known.base.isBegunAnew(hasExperts: known.hasExperts) {
            change.after = fresh
            change.after.createdAt = known.base.createdAt
            change.after.formerNames = known.base.formerNames
            change.after.promptForm = known.base.promptForm
            if let file = known.base.modelFile, (try? file.requireSites(of: fresh.layout)) != nil {
                change.after.modelFile = file
                change.after.modelPath = known.base.modelPath
            }
            change.beginsAnew = true
        }
        do throws(SgloradError) {
            let alignment = try alignment(&change)
            if change.raisesRank, let known {
                guard let others else { return (change, .needsOthers) }
                try pad(others, of: known.base, &change)
            }
            var row = expert
            row.isForeign = alignment.isForeign
            row.alignment = alignment.distance
            change.expert = try store.experts.store(
                ExpertParameters(folder.checkpoints, by: alignment), of: row, base: change.after)
            return (change, nil)
        } catch {
            return (change, .failure(error))
        }
    }

    /// Aligns the expert to the base's gauge.
    ///
    /// Creates the base's reference, completes it at sites where it is empty, or raises its rank, if necessary.
    private func alignment(_ change: inout LibraryChange) throws(SgloradError) -> GaugeAlignment {
        let factors = folder.checkpoints.map(\.factors)
        guard let reference = try store.references.find(of: change.after) else {
            let rank = try GaugeAlignment.rank(of: factors, on: change.after.layout)
            change.after.layout = try change.after.layout.withRank(max(rank, change.after.layout.rank))
            let reference = try GaugeReference(first: factors, on: change.after.layout)
            change.after.reference = try store.references.store(reference, ofBase: change.after.name)
            return try GaugeAlignment(of: factors, to: reference, on: change.after.layout)
        }
        var fitted = try GaugeAlignment(of: factors, to: reference, on: change.after.layout)
        if !fitted.isComparable || fitted.distance <= GaugeAlignment.foreignDistance,
            let completed = try completed(reference, by: factors, rank: fitted.rank, &change)
        {
            fitted = try GaugeAlignment(of: factors, to: completed, on: change.after.layout)
        }
        guard fitted.rank > change.after.layout.rank else { return fitted }
        change.after.layout = try change.after.layout.withRank(fitted.rank)
        return try GaugeAlignment(of: factors, to: reference, on: change.after.layout)
    }

    /// Stores the reference with the expert's directions at the sites where it has none; nil if it needs none.
    private func completed(
        _ reference: GaugeReference, by factors: [[SiteFactors]], rank: Int, _ change: inout LibraryChange
    ) throws(SgloradError) -> GaugeReference? {
        let layout = try change.after.layout.withRank(max(rank, change.after.layout.rank))
        guard let completed = try reference.completed(by: factors, on: layout) else { return nil }
        change.after.layout = layout
        change.after.reference = try store.references.store(completed, ofBase: change.after.name)
        return completed
    }

    /// Stores the parameters of the library's other experts again, padded to the higher rank.
    private func pad(
        _ experts: [ExpertRecord], of base: BaseRecord, _ change: inout LibraryChange
    ) throws(SgloradError) {
        change.present = experts
        for expert in experts {
            let parameters = try store.experts.parameters(of: expert, on: base.layout)
            change.padded.append(
                try store.experts.store(
                    parameters.padded(from: base.layout, to: change.after.layout), of: expert,
                    base: change.after))
        }
    }
}
