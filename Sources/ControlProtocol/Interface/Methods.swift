/// One method of the interface `io.sglorad`: what goes in, and what each reply holds.
public protocol ControlMethod: Sendable {
    /// The parameters of a call.
    associatedtype Parameters: Codable & Sendable
    /// The parameters of a reply.
    associatedtype Reply: Codable & Sendable
    /// The method's name, without the interface.
    static var name: String { get }
}

extension ControlMethod {
    /// The method's name as it stands in a message.
    public static var qualifiedName: String { "\(Wire.interface).\(name)" }
}

/// The methods of the interface `io.sglorad`.
public enum Methods {
    /// Every method, for tests that hold the interface definition against the types.
    public static let all: [any ControlMethod.Type] = [
        Request.self,
        Submit.self,
        GetRequest.self,
        ListRequests.self,
        CancelRequest.self,
        RetryRequest.self,
        Forget.self,
        Explain.self,
        Encode.self,
        AddBase.self,
        ListBases.self,
        UploadFile.self,
        ImportExpert.self,
        ListExperts.self,
        GetExpert.self,
        RemoveExpert.self,
        TrainGenerator.self,
        CancelTraining.self,
        ListGenerators.self,
        GetGenerator.self,
        ExportGenerator.self,
        ImportGenerator.self,
        RemoveGenerator.self,
        EvaluateGenerator.self,
        ListAdapters.self,
        GetAdapter.self,
        ReadAdapter.self,
        PinAdapter.self,
        RemoveAdapter.self,
        CacheStatistics.self,
        VerifyCache.self,
        EvictCache.self,
        Monitor.self,
        Metrics.self,
        Status.self,
    ]
}
