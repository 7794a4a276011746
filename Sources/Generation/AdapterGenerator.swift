public import ErrorModel
public import SemanticGuidance

/// One way to make an adapter's parameters.
///
/// Pure: the same arguments give the same numbers.
public protocol AdapterGenerator: Sendable {
    /// Makes the parameters.
    ///
    /// - Parameters:
    ///   - neighbourhood: the experts that guide; places are the library's.
    ///   - library: the experts' parameters, in the order that the neighbourhood speaks of.
    ///   - seed: what random numbers are drawn from, if any are.
    /// - Returns: `library.layout.parameterCount` numbers.
    func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float]
}
