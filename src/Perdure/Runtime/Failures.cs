using System.Collections.Immutable;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>Exceptions as failures: a stable code, the chain of causes, the stack.</summary>
internal static class Failures
{
    private const int ChainMax = 10, StackMax = 4_000;

    public static Failure Of(string code, Exception e, bool transient = false, bool unknown = false) => Declared(code, e, transient, unknown) with
    {
        Stack = e.StackTrace is var stack && stack is { Length: > StackMax } ? stack[..StackMax] : stack,
    };

    // What an operation declares, its code says. Its stack would cost more than the rest of the attempt, once for each retry of an outage, in time and in the log.
    private static Failure Declared(string code, Exception e, bool transient = false, bool unknown = false) => new(code, e.Message, transient, unknown) { Causes = Chain(e) };

    /// <summary>What an operation's exception says of its outcome: only the two that say so are definite.</summary>
    public static Failure OfAttempt(Exception e) => e switch
    {
        PermanentFailure permanent => Declared(permanent.Code, e) with { Conclusive = permanent.Conclusive },
        TransientFailure transient => Declared(transient.Code, e, transient: true) with { Conclusive = transient.Conclusive },
        UnknownOutcome unknown => Declared(unknown.Code, e, transient: true, unknown: true),
        StoreException store => Declared(store.Code, e, transient: true, unknown: true),
        UnusableResult unusable => Of(unusable.Code, e, unknown: true),
        _ => Of("step.exception", e, transient: true, unknown: true),
    };

    /// <summary>The exception by which an operation says that failure.</summary>
    public static PerdureException Thrown(Failure failure) => failure switch
    {
        { Unknown: true, Transient: true } => new UnknownOutcome(failure.Code, failure.Message),
        { Unknown: true } => new UnusableResult(failure.Code, failure.Message),
        { Transient: true } => new TransientFailure(failure.Code, failure.Message) { Conclusive = failure.Conclusive },
        _ => new PermanentFailure(failure.Code, failure.Message) { Conclusive = failure.Conclusive },
    };

    private static ImmutableArray<Cause> Chain(Exception e)
    {
        var chain = ImmutableArray.CreateBuilder<Cause>();
        for (var cause = (Exception?)e; cause is not null && chain.Count < ChainMax; cause = cause.InnerException)
            chain.Add(new(cause.GetType().Name, cause.Message));
        return chain.ToImmutable();
    }
}
