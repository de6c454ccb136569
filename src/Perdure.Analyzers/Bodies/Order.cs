using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>Which uses can follow each other in one pass through the body; those in two branches of a choice cannot.</summary>
internal sealed class Order
{
    private readonly Dictionary<SyntaxNode, int> _blocks = [];
    private readonly bool[,] _ahead;

    private Order(ControlFlowGraph graph)
    {
        _ahead = Graphs.Ahead(graph);
        foreach (var block in graph.Blocks)
            foreach (var operation in Graphs.Operations(block))
                if (operation is IInvocationOperation) _blocks[operation.Syntax] = block.Ordinal;
    }

    public static Order Of(ControlFlowGraph graph) => new(graph);

    public bool CanFollow(JournalUse first, JournalUse second) =>
        _blocks.TryGetValue(first.Call.Syntax, out var from) && _blocks.TryGetValue(second.Call.Syntax, out var to)
        && (from == to ? first.Position < second.Position : _ahead[from, to]);
}
