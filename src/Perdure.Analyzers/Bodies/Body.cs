using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>A body under examination.</summary>
internal sealed class Body(IBlockOperation block, KnownTypes known, Action<Diagnostic> report, Func<ControlFlowGraph?> graph)
{
    private List<Place>? _places;

    public KnownTypes Known => known;

    /// <summary>Every operation in it, in the order of the text; functions that are bodies themselves are left out.</summary>
    public IReadOnlyList<Place> Places => _places ??= Walk();

    public ControlFlowGraph? Graph() => graph();

    public void Report(DiagnosticDescriptor rule, SyntaxNode where, params object[] arguments) => report(Diagnostic.Create(rule, where.GetLocation(), arguments));

    /// <summary>Whether it is a call of the visit, and of which of its methods.</summary>
    public bool IsVisitCall(IInvocationOperation call) => known.IsVisit(call.TargetMethod.ContainingType);

    private List<Place> Walk()
    {
        var places = new List<Place>();
        Walk(block, function: null, journaled: false, places);
        return places;
    }

    private void Walk(IOperation operation, IOperation? function, bool journaled, List<Place> places)
    {
        places.Add(new(operation, function, journaled));
        foreach (var child in operation.ChildOperations)
            switch (child)
            {
                case IAnonymousFunctionOperation lambda:
                    if (!known.IsBody(lambda.Symbol)) Walk(child, child, journaled || IsOnce(lambda), places);
                    break;
                case ILocalFunctionOperation local:
                    if (!known.IsBody(local.Symbol)) Walk(child, child, journaled, places);
                    break;
                default:
                    Walk(child, function, journaled, places);
                    break;
            }
    }

    /// <summary>Whether the lambda makes the value of a <c>visit.Once</c>, so that what it reads is journaled.</summary>
    private bool IsOnce(IAnonymousFunctionOperation lambda)
    {
        IOperation? up = lambda.Parent;
        while (up is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation) up = up.Parent;
        return up is IArgumentOperation { Parent: IInvocationOperation { TargetMethod.Name: "Once" } call } && IsVisitCall(call);
    }
}

/// <summary>An operation of a body and where it stands.</summary>
internal readonly struct Place(IOperation operation, IOperation? function, bool journaled)
{
    public IOperation Operation => operation;

    /// <summary>The lambda or local function that it is in; null for the body itself.</summary>
    public IOperation? Function => function;

    /// <summary>Whether its outcome is journaled, because it stands in a <c>visit.Once</c>.</summary>
    public bool Journaled => journaled;
}
