using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Perdure.AspNetCore;

/// <summary>Reads of a request whose caller takes what may be old (<c>?stale=true</c>): the answer says in a header how old it may be.</summary>
internal static class OldReads
{
    /// <summary>The parameter by which a caller takes what may be old.</summary>
    public const string Parameter = "stale";

    /// <summary>Whole seconds, rounded up; <c>unknown</c> where nobody knows.</summary>
    public const string Header = "Perdure-Staleness";

    /// <summary>The reads for the answer to a request.</summary>
    public static IReads Reads(this IPerdure perdure, HttpContext context, bool stale)
    {
        var reads = perdure.Reads(stale);
        // Not of errors of the server, which say nothing about the store.
        if (stale) context.Response.OnStarting(() =>
        {
            if (context.Response.StatusCode < StatusCodes.Status500InternalServerError) context.Response.Headers[Header] = Said(reads.Staleness);
            return Task.CompletedTask;
        });
        return reads;
    }

    private static string Said(TimeSpan? age) => age is { } known ? ((long)Math.Ceiling(known.TotalSeconds)).ToString(CultureInfo.InvariantCulture) : "unknown";
}
