using System.Collections.Concurrent;
using Shop.Tests.Processes;

namespace Shop.Tests.Cluster;

/// <summary>Orders that keep coming at a pace, no more than so many at a time unanswered.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly RunningCluster _cluster;
    private readonly Func<int, TestOrder> _order;
    private readonly CancellationTokenSource _enough = new();
    private readonly ConcurrentQueue<TestOrder> _accepted = new();
    private readonly Task<List<TestOrder>> _placing;

    public Load(RunningCluster cluster, int inASecond, int unanswered, Func<int, TestOrder> order)
    {
        (_cluster, _order) = (cluster, order);
        _placing = Place(TimeSpan.FromSeconds(1) / inASecond, unanswered);
    }

    /// <summary>How many were accepted until now.</summary>
    public int Accepted => _accepted.Count;

    /// <summary>No more orders; all that were sent, once every one is accepted.</summary>
    public async Task<List<TestOrder>> Stop()
    {
        await _enough.CancelAsync();
        return await _placing;
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        // What failed was told to who asked for the orders, or the test has failed before.
        await Task.WhenAny(_placing);
        _enough.Dispose();
    }

    private async Task<List<TestOrder>> Place(TimeSpan between, int unanswered)
    {
        List<Task> placing = [];
        List<TestOrder> orders = [];
        using var pace = new PeriodicTimer(between);
        try
        {
            while (await pace.WaitForNextTickAsync(_enough.Token))
            {
                placing.RemoveAll(one => one.IsCompletedSuccessfully);
                if (placing.Count >= unanswered) continue;
                var order = _order(orders.Count);
                orders.Add(order);
                placing.Add(Place(order));
            }
        }
        catch (OperationCanceledException)
        {
            // These are the orders.
        }
        await Task.WhenAll(placing);
        return orders;
    }

    private async Task Place(TestOrder order)
    {
        await _cluster.Place(order);
        _accepted.Enqueue(order);
    }
}
