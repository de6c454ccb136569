using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>Control flow: what can come after what.</summary>
internal static class Graphs
{
    /// <summary>The graph of a lambda within the graph of what it stands in.</summary>
    public static ControlFlowGraph? Of(ControlFlowGraph outer, IAnonymousFunctionOperation function)
    {
        foreach (var operation in outer.Blocks.SelectMany(Operations))
            if (operation is IFlowAnonymousFunctionOperation flow)
            {
                var inner = outer.GetAnonymousFunctionControlFlowGraph(flow);
                if (flow.Syntax == function.Syntax) return inner;
                if (flow.Syntax.Span.Contains(function.Syntax.Span)) return Of(inner, function);
            }
        foreach (var local in outer.LocalFunctions)
            if (Of(outer.GetLocalFunctionControlFlowGraph(local), function) is { } found) return found;
        return null;
    }

    /// <summary>The graph of a function of a body; the body's own where there is none.</summary>
    public static ControlFlowGraph? Within(ControlFlowGraph? body, IOperation? function) => function switch
    {
        null => body,
        _ when body is null => null,
        IAnonymousFunctionOperation lambda => Of(body, lambda),
        ILocalFunctionOperation local => Of(body, local),
        _ => null,
    };

    /// <summary>The graph of a local function within the graph of what it stands in.</summary>
    public static ControlFlowGraph? Of(ControlFlowGraph outer, ILocalFunctionOperation function) =>
        outer.LocalFunctions.FirstOrDefault(local => SymbolEqualityComparer.Default.Equals(local, function.Symbol)) is { } own
            ? outer.GetLocalFunctionControlFlowGraph(own)
            : Inner(outer).Select(inner => Of(inner, function)).FirstOrDefault(found => found is not null);

    private static IEnumerable<ControlFlowGraph> Inner(ControlFlowGraph outer) =>
        outer.LocalFunctions.Select(local => outer.GetLocalFunctionControlFlowGraph(local))
            .Concat(outer.Blocks.SelectMany(Operations).OfType<IFlowAnonymousFunctionOperation>().Select(lambda => outer.GetAnonymousFunctionControlFlowGraph(lambda)));

    /// <summary>Everything that a block does.</summary>
    public static IEnumerable<IOperation> Operations(BasicBlock block)
    {
        foreach (var operation in block.Operations)
            foreach (var inner in operation.DescendantsAndSelf()) yield return inner;
        if (block.BranchValue is { } value)
            foreach (var inner in value.DescendantsAndSelf()) yield return inner;
    }

    /// <summary>For each block the ones that can follow it in one pass: without going back, as a loop does.</summary>
    public static bool[,] Ahead(ControlFlowGraph graph)
    {
        var count = graph.Blocks.Length;
        var ahead = new bool[count, count];
        for (var i = count - 1; i >= 0; i--)
        {
            Follow(graph.Blocks[i].FallThroughSuccessor);
            Follow(graph.Blocks[i].ConditionalSuccessor);

            void Follow(ControlFlowBranch? branch)
            {
                if (branch?.Destination is not { } next || next.Ordinal <= i) return;
                ahead[i, next.Ordinal] = true;
                for (var k = next.Ordinal; k < count; k++) ahead[i, k] |= ahead[next.Ordinal, k];
            }
        }
        return ahead;
    }
}
