public import Varlink

// Replies with thousands of values: a server encodes them on threads of their own, so that they delay nobody's small ones.

extension Methods.Encode.Reply: SlowlyEncoded {}
extension Methods.ListRequests.Reply: SlowlyEncoded {}
extension Methods.ListAdapters.Reply: SlowlyEncoded {}
extension Methods.ListBases.Reply: SlowlyEncoded {}
extension Methods.ListExperts.Reply: SlowlyEncoded {}
extension Methods.ListGenerators.Reply: SlowlyEncoded {}
extension Methods.Explain.Reply: SlowlyEncoded {}
extension Methods.VerifyCache.Reply: SlowlyEncoded {}
extension Methods.EvaluateGenerator.Reply: SlowlyEncoded {}
extension Methods.Forget.Reply: SlowlyEncoded {}
