using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>Until where in the text an operation that was started runs unawaited.</summary>
internal readonly struct Waits
{
    private Waits(int until, bool leavesLoop)
    {
        Until = until;
        LeavesLoop = leavesLoop;
    }

    /// <summary>Where it is awaited; 0 where it is awaited at once.</summary>
    public int Until { get; }

    /// <summary>Whether it is started in a loop and still runs when the loop comes round.</summary>
    public bool LeavesLoop { get; }

    public static Waits For(JournalUse use, Body body)
    {
        var holders = new List<ILocalSymbol>();
        var isPlain = true;
        for (IOperation from = use.Call, up = use.Call.Parent!; up is not null; from = up, up = up.Parent!)
            switch (up)
            {
                case IAwaitOperation when isPlain:
                    return default;
                case IAwaitOperation wait:
                    return new(wait.Syntax.Span.End, leavesLoop: false);
                case IVariableDeclaratorOperation declared:
                    holders.Add(declared.Symbol);
                    return ByHolder(use, body, holders);
                case ISimpleAssignmentOperation { Target: ILocalReferenceOperation target }:
                    holders.Add(target.Local);
                    return ByHolder(use, body, holders);
                case ISimpleAssignmentOperation { Target: IArrayElementReferenceOperation { ArrayReference: ILocalReferenceOperation target } }:
                    holders.Add(target.Local);
                    return ByHolder(use, body, holders);
                case IInvocationOperation call when call.TargetMethod.Name is not "ConfigureAwait":
                    isPlain = false;
                    if (call.Instance is ILocalReferenceOperation receiver && receiver != from) holders.Add(receiver.Local);      // tasks.Add(…)
                    break;
                case IReturnOperation or IAnonymousFunctionOperation or ILocalFunctionOperation:
                    return default;
                case IExpressionStatementOperation:
                    return ByHolder(use, body, holders);
                case IInvocationOperation or IConversionOperation or IParenthesizedOperation or IArgumentOperation or IConditionalOperation or ICoalesceOperation:
                    break;
                default:
                    isPlain = false;
                    break;
            }
        return default;
    }

    /// <summary>It is awaited where what holds its task is.</summary>
    private static Waits ByHolder(JournalUse use, Body body, List<ILocalSymbol> holders)
    {
        var until = int.MaxValue;
        foreach (var place in body.Places)
            if (place.Operation is IAwaitOperation wait && wait.Syntax.SpanStart > use.Position && wait.Syntax.Span.End < until
                && wait.Descendants().OfType<ILocalReferenceOperation>().Any(local => holders.Contains(local.Local, SymbolEqualityComparer.Default)))
                until = wait.Syntax.Span.End;
        var loop = LoopAround(use.Call);
        return new(until, loop is not null && until > loop.Syntax.Span.End && !IsLeft(use.Call, loop));
    }

    private static ILoopOperation? LoopAround(IOperation operation)
    {
        for (var up = operation.Parent; up is not null and not IAnonymousFunctionOperation and not ILocalFunctionOperation; up = up.Parent)
            if (up is ILoopOperation loop) return loop;
        return null;
    }

    /// <summary>Whether the loop is left behind it, so that it does not come round.</summary>
    private static bool IsLeft(IOperation operation, ILoopOperation loop)
    {
        for (var up = operation; up is not null && up != loop; up = up.Parent)
            if (up.Parent is IBlockOperation block && block.Operations.Any(o => o.Syntax.SpanStart > operation.Syntax.SpanStart && o is IBranchOperation { BranchKind: BranchKind.Break } or IReturnOperation)) return true;
        return false;
    }
}
