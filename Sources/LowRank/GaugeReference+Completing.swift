public import ErrorModel
internal import LinearAlgebra

extension GaugeReference {
    /// The indices of the sites at which the reference has no directions, because ΔW of the adapter that it was made
    /// from is 0 there.
    public var emptySites: [Int] {
        parameters.withUnsafeBufferPointer { numbers in
            layout.slices.indices.filter { index in
                let slice = layout.slices[index]
                return slice.a.allSatisfy { numbers[$0] == 0 } || slice.b.allSatisfy { numbers[$0] == 0 }
            }
        }
    }

    /// The reference with the directions of another expert at the sites where it has none; nil if the expert adds none.
    ///
    /// Experts that are in the reference's gauge have ΔW = 0 at those sites, so any gauge suits them there.
    ///
    /// - Parameters:
    ///   - checkpoints: the factors of each of the expert's checkpoints; at least one.
    ///   - layout: the library's, with at least the expert's effective rank and the reference's.
    /// - Throws: `layoutMismatch` as `AdapterLayout.place`.
    public func completed(
        by checkpoints: [[SiteFactors]], on layout: AdapterLayout
    ) throws(SgloradError) -> GaugeReference? {
        let empty = emptySites
        guard !empty.isEmpty else { return nil }
        let other = try GaugeReference(first: checkpoints, on: layout)
        let gained = Set(empty).subtracting(other.emptySites)
        guard !gained.isEmpty else { return nil }
        var result = self.layout.padded(parameters, to: layout).array
        let added = other.parameters.array
        for index in gained {
            let slice = layout.slices[index]
            for place in slice.a.lowerBound..<slice.b.upperBound { result[place] = added[place] }
        }
        return GaugeReference(layout: layout, parameters: FloatVector(result))
    }
}
