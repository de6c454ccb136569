using Perdure.Ports;
using Perdure.Runtime;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Paging;

/// <summary>What nodes deliver pages with.</summary>
/// <param name="Took">Told of each page that has reached those who are called, whatever its node hears of that.</param>
/// <param name="Crash">A node dies.</param>
/// <param name="Pace">How often nodes look and try.</param>
internal sealed record Paging(Action<StoredPage> Took, Action<SimulatedNode> Crash, PagerPace Pace);

/// <summary>
/// How a node's pages reach those who are called: they take time, are refused, arrive without their node hearing of it, or long after it has given up, and some nodes die between a delivery and its record.
/// </summary>
internal sealed class SimulatedSink(Schedule schedule, Streams chance, FaultMix faults, SimulatedNode node, Paging paging)
{
    private const long Millisecond = TimeSpan.TicksPerMillisecond;

    // As for the webhook of a node on HTTP.
    private const long Patience = 10 * TimeSpan.TicksPerSecond;

    public Task Deliver(StoredPage page, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource();
        cancellation.Register(() => answer.TrySetCanceled(cancellation));
        var takes = (2 + chance.Pages.Below(200)) * Millisecond;
        if (Strikes(FaultKind.PageRefused))
        {
            schedule.After(takes, node, " refuses the page", () => answer.TrySetException(new IOException("The pager answered 503.")), "pager");
            return answer.Task;
        }
        if (Strikes(FaultKind.PageLate)) takes = 3 * Patience;
        var lost = Strikes(FaultKind.PageAnswerLost);
        schedule.After(Patience, node, ": patience", () => answer.TrySetException(new TimeoutException("The pager did not answer in time.")), "pager");
        schedule.After(takes / 2, null, " takes the page", () =>
        {
            paging.Took(page);
            if (!node.Gone && Strikes(FaultKind.NodeCrashAfterPage)) paging.Crash(node);
            else if (!lost) schedule.After(takes / 2, node, " answers", () => answer.TrySetResult(), "pager");
        }, "pager");
        return answer.Task;

        bool Strikes(FaultKind kind) => faults.Strikes(kind, null, page.Instance);
    }
}
