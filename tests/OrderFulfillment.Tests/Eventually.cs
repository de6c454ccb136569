namespace Shop.Tests;

/// <summary>Waits for what must become true, by looking, with a deadline.</summary>
public static class Eventually
{
    public static Task<T> Holds<T>(Func<T> look, Func<T, bool> holds, CancellationToken cancellation, TimeSpan? within = null) =>
        Holds(() => Task.FromResult(look()), holds, cancellation, within);

    public static async Task<T> Holds<T>(Func<Task<T>> look, Func<T, bool> holds, CancellationToken cancellation, TimeSpan? within = null)
    {
        var deadline = within ?? TimeSpan.FromSeconds(10);
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var seen = await look();
            if (holds(seen)) return seen;
            Assert.True(TimeProvider.System.GetElapsedTime(since) < deadline, $"Not within {deadline}; last seen: {seen}");
            await Task.Delay(20, cancellation);
        }
    }
}
