using Microsoft.Playwright;

namespace Shop.Page.Tests;

/// <summary>The Chromium of this machine, without a window. Nothing is downloaded.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    // An order whose merchant never answers is tried for some seconds before it is revoked; and much else may run on the machine.
    private const int PatienceMilliseconds = 30_000;

    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.True(program is not null, $"There is no browser here: one of {string.Join(", ", Names)}. Debian's package is chromium.");
        Assertions.SetDefaultExpectTimeout(PatienceMilliseconds);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program });
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    /// <summary>A person at a fresh browser, who has looked at nothing yet.</summary>
    public async Task<Visitor> Comes(BrowserNewContextOptions? options = null)
    {
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(PatienceMilliseconds);
        return new(context, await context.NewPageAsync());
    }
}
