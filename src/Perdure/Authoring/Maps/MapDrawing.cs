using System.Collections.Immutable;
using System.Text;
using Perdure.Kernel;

namespace Perdure;

/// <summary>Draws maps.</summary>
internal static class MapDrawing
{
    public static string Mermaid(ImmutableArray<MapState> states)
    {
        var text = new StringBuilder("stateDiagram-v2\n");
        string Id(MapState state) => "s" + states.IndexOf(state);
        foreach (var state in states)
            text.Append("  state \"").Append(Label(state)).Append("\" as ").Append(Id(state)).Append('\n');
        foreach (var start in states.Where(s => s.Kind == StateKind.Start)) text.Append("  [*] --> ").Append(Id(start)).Append('\n');
        foreach (var state in states)
            foreach (var to in state.To)
                if (states.FirstOrDefault(s => s.Type == to) is { } target) text.Append("  ").Append(Id(state)).Append(" --> ").Append(Id(target)).Append('\n');
        foreach (var end in states.Where(s => s.Kind is StateKind.End or StateKind.Revoked)) text.Append("  ").Append(Id(end)).Append(" --> [*]\n");
        return text.ToString();
    }

    private static string Label(MapState state) => (state.Kind switch
    {
        StateKind.Gate => $"{state.Name} (gate: {state.Role})",
        StateKind.Revoked => $"{state.Name} (revoked)",
        _ => state.Name,
    }).Replace('"', '\'');
}
