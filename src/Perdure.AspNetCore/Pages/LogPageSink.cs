using Microsoft.Extensions.Logging;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>Writes pages to the log, at critical level, each field by its name.</summary>
internal sealed partial class LogPageSink(ILogger<LogPageSink> log) : IPageSink
{
    public string Name => "log";

    public Task Deliver(StoredPage page, CancellationToken cancellation)
    {
        Page(log, page.Page.Summary, page.Page.Key, Wire.Word(page.Page.Severity), page.Page.Code, page.Workflow, page.Instance.ToString(), page.State, page.RaisedAt);
        return Task.CompletedTask;
    }

    [LoggerMessage(EventId = 911, Level = LogLevel.Critical, Message = "Page: {Summary} [{PageKey}, {Severity}, {Code}, {Workflow} {Instance} in {State}, {RaisedAt}]")]
    private static partial void Page(ILogger log, string summary, string pageKey, string severity, string code, string workflow, string instance, string state, DateTimeOffset raisedAt);
}
