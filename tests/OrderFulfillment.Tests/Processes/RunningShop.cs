namespace Shop.Tests.Processes;

/// <summary>A shop that is killed and started again on the same data, as customers and operators see it: by HTTP only.</summary>
public sealed class RunningShop : ShopFromOutside
{
    private readonly TemporaryFolder _folder = new();
    private readonly string[] _settings;

    private RunningShop(string[] settings, CancellationToken cancellation) : base(TimeSpan.FromSeconds(20), cancellation) => _settings = settings;

    protected override Uri Address => Process.Address;

    public override string Said => Process.Said;

    public ShopProcess Process { get; private set; } = null!;

    /// <summary>Where its data is: a folder that is missing until the shop makes it.</summary>
    public string Data => Path.Combine(_folder.Path, "made", "by", "the shop");

    public static async Task<RunningShop> Open(CancellationToken cancellation, params string[] settings)
    {
        var shop = new RunningShop(settings, cancellation);
        try { await shop.Start(); }
        catch { await shop.DisposeAsync(); throw; }
        return shop;
    }

    /// <summary>Starts it; <paramref name="more"/> are settings of this run alone.</summary>
    public async Task Start(bool mayDie = false, params string[] more) => Process = await ShopProcess.Start(Data, [.. _settings, .. more], Cancellation, mayDie);

    /// <summary>SIGKILL and a new start; before it perhaps one that is killed in the midst of its starting.</summary>
    public async Task KillAndStart(string? diesStarting = null)
    {
        await Process.DisposeAsync();
        if (diesStarting is { } stage) await ShopProcess.DieStarting(Data, _settings, stage, Cancellation);
        await Start();
    }

    public override async ValueTask DisposeAsync()
    {
        if (Process is not null) await Process.DisposeAsync();
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
