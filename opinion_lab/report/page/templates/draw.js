"use strict";
(function () {
  var data = function (name, within) {
    return JSON.parse((within || document).querySelector("script." + name).textContent);
  };

  var locale = {
    moduleType: "locale",
    name: "zh-CN",
    dictionary: {
      "Download plot as a PNG": "保存为图片",
      "Download plot": "保存为图片",
      "Zoom": "框选放大",
      "Reset axes": "恢复原状",
      "Reset": "恢复原状",
      "Click to enter X axis title": "",
      "Click to enter Y axis title": "",
      "Double-click to zoom back out": "双击恢复原状",
      "Taking snapshot - this may take a few seconds": "正在生成图片",
      "Snapshot succeeded": "图片已保存"
    },
    format: {
      days: ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
      shortDays: ["周日", "周一", "周二", "周三", "周四", "周五", "周六"],
      months: ["1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"],
      shortMonths: ["1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"],
      date: "%Y-%m-%d"
    }
  };

  // On paper the chart shrinks with its column: each drawing gets the viewBox that plotly leaves out.
  function scalable(chart) {
    chart.querySelectorAll("svg.main-svg").forEach(function (svg) {
      svg.setAttribute("viewBox", "0 0 " + svg.getAttribute("width") + " " + svg.getAttribute("height"));
    });
  }

  // A picture is described as a whole; the buttons beside it are named and reached one by one.
  function group(chart) {
    chart.setAttribute("role", "group");
    chart.querySelectorAll("svg.main-svg").forEach(function (svg) { svg.setAttribute("aria-hidden", "true"); });
  }

  // Paper is narrower than a screen: drawn anew at its width, so that letters keep their size.
  var PAPER = 640;
  function onPaper(charts) {
    window.addEventListener("beforeprint", function () {
      charts.forEach(function (chart) {
        chart.dataset.height = chart.dataset.height || chart.layout.height;
        Plotly.relayout(chart, { width: PAPER, height: Math.max(170, 0.62 * chart.dataset.height), "font.size": 12 });
        scalable(chart);
      });
    });
    window.addEventListener("afterprint", function () {
      charts.forEach(function (chart) {
        Plotly.relayout(chart, { width: null, autosize: true, height: +chart.dataset.height, "font.size": 14 });
      });
    });
  }

  // On a phone long names beside bars would leave no room for the bars.
  var PHONE = 500, NAME = 8;
  function onPhone(spec) {
    if (window.innerWidth >= PHONE) { return; }
    spec.layout.font = Object.assign({}, spec.layout.font, { size: 11 });
    var names = spec.data.filter(function (trace) {
      return trace.type === "bar" && trace.orientation === "h" && Array.isArray(trace.y);
    }).flatMap(function (trace) { return trace.y; });
    if (!names.length || !names.every(function (name) { return typeof name === "string" && name.indexOf("&") < 0; })) { return; }
    var cut = names.map(function (name) { return name.length > NAME + 1 ? name.slice(0, NAME) + "…" : name; });
    spec.layout.yaxis = Object.assign({}, spec.layout.yaxis, { tickmode: "array", tickvals: names, ticktext: cut });
  }

  function draw() {
    var shared = data("shared");
    var font = getComputedStyle(document.body).fontFamily;
    Plotly.register(locale);
    var charts = [];
    document.querySelectorAll("figure .chart[role=img]").forEach(function (chart) {
      var spec = data("spec", chart.parentNode);
      if (!spec.layout.template) { spec.layout.template = shared.template; }
      spec.layout.font = Object.assign({}, spec.layout.font, { family: font });
      spec.layout.autosize = true;
      delete spec.layout.width;
      onPhone(spec);
      var words = chart.firstElementChild;
      chart.textContent = "";
      Plotly.newPlot(chart, spec.data, spec.layout, shared.config).then(function () {
        scalable(chart);
        group(chart);
        charts.push(chart);
        chart.on("plotly_afterplot", function () { scalable(chart); });
      }).catch(function () { chart.appendChild(words); });
    });
    onPaper(charts);
    document.documentElement.dataset.charts = "drawn";
  }

  function fail(why) {
    var line = document.createElement("p");
    line.className = "banner";
    line.textContent = why;
    document.querySelector("main > h1").after(line);
    document.documentElement.dataset.charts = "failed";
  }

  var packed = document.querySelector("script.plotly");
  if (!packed) {
    if (window.Plotly) { draw(); }
    else { fail("图没有画出来：找不到旁边的 assets 文件夹。请连同它一起复制，或用 --portable 生成单个文件。"); }
    return;
  }
  if (!window.DecompressionStream) { fail("图没有画出来：浏览器太旧。请用新版 Edge、Chrome 或 Firefox 打开。"); return; }
  var bytes = Uint8Array.from(atob(packed.textContent), function (c) { return c.charCodeAt(0); });
  var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  new Response(stream).text().then(function (source) {
    var script = document.createElement("script");
    script.textContent = source;
    document.head.appendChild(script);
    packed.remove();
    if (window.Plotly) { draw(); } else { fail("图没有画出来：浏览器没有允许本页的画图程序运行。"); }
  });
})();
