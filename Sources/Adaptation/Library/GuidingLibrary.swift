internal import ErrorModel
internal import ExpertLibrary
internal import Generation
internal import LinearAlgebra
internal import LowRank

/// An expert that was read: its row, and its parameters, mapped.
struct LoadedExpert: Sendable {
    let record: ExpertRecord
    let expert: LibraryExpert
}

/// A library of which the experts that guide an intent were read.
struct GuidingLibrary: GuidingExperts {
    let layout: AdapterLayout
    /// The experts that were read, by their index in the library.
    let experts: [Int: LoadedExpert]
    /// The experts that the library consists of, if it is that of a generator.
    var snapshot: [GeneratorRecord.Expert]?
    /// The mean of all experts, if the strategy needs it.
    var all: [Float] = []

    /// Traps for an expert that was not read, as an array does beyond its end: only those of the neighbourhood that was read guide.
    func expert(_ index: Int) -> LibraryExpert {
        guard let found = experts[index] else {
            preconditionFailure("the expert \(index) does not guide, so it was not read")
        }
        return found.expert
    }

    /// Lets the experts' pages leave the process; the system has them cached when they guide again.
    func releasePages() { for loaded in experts.values { loaded.expert.mean.release() } }

    func consists(of experts: [GeneratorRecord.Expert]) -> Bool { snapshot == experts }

    func mean() throws(SgloradError) -> [Float] { all }
}
