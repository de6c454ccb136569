using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Shop.Page.Tests;

/// <summary>A person at the page. What the browser says of it, and whom it calls, is kept.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<Uri> _calls = new();

    internal Visitor(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _errors.Enqueue(message.Text);
        };
        page.PageError += (_, error) => _errors.Enqueue(error);
        context.Request += (_, request) => _calls.Enqueue(new(request.Url));
    }

    public IPage Page { get; }

    /// <summary>Errors and warnings on the browser's console.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>The hosts that were called.</summary>
    public IReadOnlyCollection<string> Hosts => [.. _calls.Where(call => call.Scheme is not ("data" or "blob")).Select(call => call.Host).Distinct()];

    public ILocator Live => Page.Locator("#live");
    public ILocator Said => Page.Locator("#said");

    /// <summary>The number that stands over a state.</summary>
    public ILocator Count(string state) => Page.Locator("#counts li").Filter(new() { Has = Page.GetByText(state, new() { Exact = true }) }).Locator("b");

    public ILocator Button(string says) => Page.GetByRole(AriaRole.Button, new() { Name = says, Exact = true });

    /// <summary>Keeps what the page looks like, beside the test program.</summary>
    public Task Photograph(string name) => Page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "screenshots", name + ".png"), FullPage = true });

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
