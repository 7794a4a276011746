import AdapterFormats
import ErrorModel
import ExpertLibrary
import Files
import Foundation
import LinearAlgebra
import LowRank
import Storage
import TestSupport
import Testing

@Suite("LibraryChange")
final class LibraryChangeTests: OpenLibrary {
    /// A change that brings an expert in, its blobs stored.
    private func change(
        _ name: String, seed: UInt64, before: BaseRecord?, rank: Int = 2
    ) async throws -> LibraryChange {
        var change = LibraryChange(
            before: before, after: try before ?? Sample.base(), expert: Sample.expert(name))
        change.after.layout = try change.after.layout.withRank(rank)
        let checkpoints = Sample.checkpoints(try Sample.base(), seed: seed)
        if change.after.reference == nil {
            let reference = try GaugeReference(first: checkpoints.map(\.factors), on: change.after.layout)
            change.after.reference = try store.references.store(reference, ofBase: change.after.name)
        }
        if let before, change.raisesRank {
            change.present = try await store.experts.all(of: before.name)
            for expert in change.present {
                let parameters = try store.experts.parameters(of: expert, on: before.layout)
                change.padded.append(
                    try store.experts.store(
                        parameters.padded(from: before.layout, to: change.after.layout), of: expert,
                        base: change.after))
            }
        }
        change.expert = try store.experts.store(
            ExpertParameters(checkpoints, on: change.after.layout), of: change.expert, base: change.after)
        return change
    }

    private func blobs() throws -> Set<String> {
        Set(try place.files(under: place.state.blobs).map { URL(filePath: $0).lastPathComponent })
    }

    private func names(_ digests: [String]) -> Set<String> {
        Set(digests.flatMap { [$0, "\($0).json"] })
    }

    @Test func `the first expert creates its base with a reference, and the second uses both`() async throws {
        let first = try await change("owls", seed: 1, before: nil)
        #expect(try await store.experts.apply(first))
        let base = try #require(try await store.bases.library("minilm")?.base)
        #expect(base == first.after && base.reference != nil)
        let second = try await change("apes", seed: 2, before: base)
        #expect(try await store.experts.apply(second))
        let library = try #require(try await store.bases.library("minilm"))
        #expect(library.experts == [second.expert, first.expert] && library.base == base)
        #expect(try await store.bases.library("none") == nil)
    }

    @Test func `a change that was prepared for an older state of the library is not applied`() async throws {
        let first = try await change("owls", seed: 1, before: nil)
        let rival = try await change("apes", seed: 2, before: nil)
        #expect(try await store.experts.apply(first))
        #expect(try await !store.experts.apply(rival), "the base is there by now")
        await store.experts.discard(rival)
        #expect(try blobs() == names([first.expert.parameters, first.after.reference ?? ""]))
        let base = first.after
        let raising = try await change("bees", seed: 3, before: base, rank: 5)
        #expect(try await store.experts.apply(try await change("cats", seed: 4, before: base)))
        #expect(try await !store.experts.apply(raising), "an expert came that it would not pad")
        await store.experts.discard(raising)
        #expect(try await store.bases.library("minilm")?.base == base)
        #expect(try await store.bases.library("minilm")?.experts.map(\.name) == ["cats", "owls"])
    }

    @Test func `a higher rank pads every expert in one transaction and leaves no old blob`() async throws {
        let first = try await change("owls", seed: 1, before: nil)
        #expect(try await store.experts.apply(first))
        #expect(try await store.experts.apply(try await change("apes", seed: 2, before: first.after)))
        let old = try await store.experts.all()
        let before = try old.map { try store.experts.parameters(of: $0, on: first.after.layout) }

        let raising = try await change("bees", seed: 3, before: first.after, rank: 5)
        #expect(raising.raisesRank && raising.padded.count == 2)
        #expect(try await store.experts.apply(raising))
        let (base, experts) = try #require(try await store.bases.library("minilm"))
        #expect(base.layout.rank == 5 && base.reference == first.after.reference)
        #expect(experts.map(\.name) == ["apes", "bees", "owls"])
        #expect(try blobs() == names(experts.map(\.parameters) + [base.reference ?? ""]))
        for (row, was) in zip([experts[0], experts[2]], before) {
            let now = try store.experts.parameters(of: row, on: base.layout)
            #expect(now.names == was.names)
            for (one, other) in zip(now.checkpoints + [now.mean], was.checkpoints + [was.mean]) {
                let wide = LoRAAdapter(layout: base.layout, parameters: one.array).factors
                let slim = LoRAAdapter(layout: first.after.layout, parameters: other.array).factors
                for (w, s) in zip(wide, slim) {
                    #expect(Array(w.a.prefix(s.a.count)) == s.a)
                    #expect(w.a.dropFirst(s.a.count).allSatisfy { $0 == 0 })
                    var columns: [Float] = []
                    for row in 0..<s.site.outFeatures { columns += w.b[row * 5..<row * 5 + 2] }
                    #expect(columns == s.b)
                }
            }
        }
        // The reference keeps the rank that it has.
        #expect(try store.references.find(of: base)?.layout.rank == 2)
    }

    @Test func `a taken name is rejected, and the library keeps its rank`() async throws {
        let first = try await change("owls", seed: 1, before: nil)
        #expect(try await store.experts.apply(first))
        var clash = try await change("bees", seed: 3, before: first.after, rank: 5)
        clash.expert.name = "owls"
        let wrong = clash
        _ = await refusal(.alreadyExists) { _ = try await store.experts.apply(wrong) }
        await store.experts.discard(wrong)
        #expect(try await store.bases.library("minilm")?.base == first.after)
        #expect(try await store.bases.library("minilm")?.experts == [first.expert])
        #expect(try blobs() == names([first.expert.parameters, first.after.reference ?? ""]))
    }

    @Test func `the reference outlives its expert`() async throws {
        let first = try await change("owls", seed: 1, before: nil)
        #expect(try await store.experts.apply(first))
        #expect(try await store.experts.remove("owls", base: "minilm"))
        let base = try #require(try await store.bases.all().first)
        #expect(try store.references.find(of: base)?.parameters.count == base.layout.parameterCount)
        #expect(try blobs() == names([first.after.reference ?? ""]))
    }
}
