using System.Net;
using System.Text;

namespace Perdure.Simulation.Reporting;

/// <summary>A timeline as one page that needs nothing else: a column for each node, the store and each instance; time runs down.</summary>
internal static class TimelineHtml
{
    private const string Style = """
        body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem;color:#1b1b1f;background:#fff}
        h1{font-size:1.25rem}code{background:#f1f1f4;padding:.2rem .4rem;display:block;overflow-x:auto;white-space:pre}
        .scroll{overflow:auto;max-height:80vh;border:1px solid #ccc;margin-top:1rem}
        table{border-collapse:separate;border-spacing:0}th{position:sticky;top:0;background:#f1f1f4;text-align:left}
        th,td{padding:.15rem .5rem;border-bottom:1px solid #eee;border-left:1px solid #eee;vertical-align:top;min-width:8rem}
        td:first-child{font-variant-numeric:tabular-nums;white-space:nowrap;color:#555}
        .node{background:#eef5ff}.store{background:#f4f0fa}.instance{background:#eefaf0}.world{background:#fafafa}
        .bad{background:#ffe3e0;color:#8a1300;font-weight:600}
        @media(prefers-color-scheme:dark){body{background:#16161a;color:#eee}code,th{background:#26262c}th,td{border-color:#333}
        .node{background:#1b2838}.store{background:#282038}.instance{background:#1b2e20}.world{background:#222}.bad{background:#551a14;color:#ffd9d4}td:first-child{color:#aaa}}
        """;

    public static string Of(string title, string sentence, string? remark, string? line, IReadOnlyCollection<TimelineEntry> entries)
    {
        var lanes = entries.Select(e => (e.Of, e.Lane)).Distinct().OrderBy(l => l.Of).ThenBy(l => l.Lane, StringComparer.Ordinal).ToList();
        var page = new StringBuilder().Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>").Append(Text(title)).Append("</title><style>").Append(Style).Append("</style></head><body><h1>")
            .Append(Text(title)).Append("</h1><p>").Append(Text(sentence)).Append("</p>");
        if (remark is not null) page.Append("<p>").Append(Text(remark)).Append("</p>");
        if (line is not null) page.Append("<p>Run it again with <code>").Append(Text(line)).Append("</code></p>");
        page.Append("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">time</th>");
        foreach (var lane in lanes) page.Append("<th scope=\"col\">").Append(Text(lane.Lane)).Append("</th>");
        page.Append("</tr></thead><tbody>");
        foreach (var entry in entries)
        {
            page.Append("<tr><td>").Append(Timeline.Moment(entry.At)).Append("</td>");
            var at = lanes.IndexOf((entry.Of, entry.Lane));
            for (var i = 0; i < lanes.Count; i++)
                if (i == at) page.Append("<td class=\"").Append(entry.Bad ? "bad" : entry.Of.ToString().ToLowerInvariant()).Append("\">").Append(Text(entry.What)).Append("</td>");
                else page.Append("<td></td>");
            page.Append("</tr>\n");
        }
        return page.Append("</tbody></table></div></body></html>").ToString();
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
