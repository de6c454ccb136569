using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Reading;

/// <summary>A stored state.</summary>
internal sealed record StateRow(long Id, string Workflow, int Version, string Name, string Kind, string? Role);

/// <summary>
/// Finds instances by state and status. There is one index, on (state, status, id); a search is the merge of its ranges that fit, so that it reads no more than
/// a page of each, however many instances there are.
/// </summary>
internal static class States
{
    /// <summary>Every state of every map.</summary>
    public static List<StateRow> All(Database database) =>
        Rows.All(database["all-states"], s => new StateRow(s.Long(0), s.Text(1), s.Int(2), s.Text(3), s.Text(4), s.TextOrNull(5)));

    /// <summary>The lowest ids above one, in order.</summary>
    public static List<long> Up(Database database, IEnumerable<StateRow> states, ReadOnlySpan<Status> statuses, long after, int limit)
    {
        var ids = new List<long>();
        foreach (var state in states)
            foreach (var status in statuses)
                ids.AddRange(Rows.All(database["ids-up"].Set(1, state.Id).Set(2, (long)status).Set(3, after).Set(4, (long)limit), s => s.Long(0)));
        ids.Sort();
        return ids.Count > limit ? ids[..limit] : ids;
    }

    /// <summary>The highest ids below one, newest first.</summary>
    public static List<long> Down(Database database, InstanceFilter filter, long below, int limit)
    {
        if (filter is { Workflow: null, State: null, Status: null })
            return Rows.All(database["all-ids-down"].Set(1, below).Set(2, (long)limit), s => s.Long(0));
        var ids = new List<long>();
        foreach (var state in All(database))
        {
            if (filter.Workflow is { } workflow && state.Workflow != workflow || filter.State is { } name && state.Name != name) continue;
            foreach (var status in Enum.GetValues<Status>())
            {
                if (filter.Status is { } only && status != only) continue;
                ids.AddRange(Rows.All(database["ids-down"].Set(1, state.Id).Set(2, (long)status).Set(3, below).Set(4, (long)limit), s => s.Long(0)));
            }
        }
        ids.Sort((a, b) => b.CompareTo(a));
        return ids.Count > limit ? ids[..limit] : ids;
    }
}
