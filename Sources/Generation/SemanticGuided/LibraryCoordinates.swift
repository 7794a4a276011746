internal import ErrorModel

/// A library's checkpoints in principal coordinates, divided by their root mean square.
struct LibraryCoordinates {
    let basis: SpanBasis
    /// For each expert its checkpoints, k values each.
    let samples: [[[Float]]]
    /// The experts' statistics.
    let experts: CoordinateLibrary

    /// Fits a basis to a library's checkpoints.
    ///
    /// - Parameters:
    ///   - library: the library.
    ///   - span: contains its checkpoints, and possibly others.
    ///   - limit: the maximum number of directions.
    /// - Throws: `trainingFailed` if the checkpoints do not differ.
    init(_ library: Library, in span: CheckpointSpan, limit: Int) throws(SgloradError) {
        let basis = try SpanBasis(fitting: span.places(of: library.experts), of: span, limit: limit)
        let (samples, unit) = CoordinateLibrary.normalised(
            library.experts.map { expert in
                span.places(of: [expert]).map { basis.coordinates(ofCheckpoint: $0) }
            })
        self.basis = basis
        self.samples = samples
        experts = CoordinateLibrary(samples, unit: unit)
    }
}
