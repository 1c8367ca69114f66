// Pages that lie on a disk may start no worker. There a hidden frame stands in for one: it runs the
// script, and messages go both ways as events. The theme's search needs no more than that.
(() => {
  "use strict";
  if (location.protocol !== "file:") return;

  window.Worker = class extends EventTarget {
    constructor(source) {
      super();
      this.onmessage = null;
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "Search";
      document.body.append(frame);
      this.frame = frame;
      const inside = frame.contentWindow;
      // In the frame `postMessage` speaks to this page, and what it loads stands in its document.
      inside.postMessage = (data) => {
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      };
      inside.importScripts = (...scripts) => scripts.reduce(
        (before, script) => before.then(() => this.load(script)), Promise.resolve());
      this.ready = this.load(source);
    }

    load(source) {
      return new Promise((resolve, reject) => {
        const inner = this.frame.contentDocument;
        const script = inner.createElement("script");
        script.src = new URL(source, location.href).href;
        script.onload = resolve;
        script.onerror = () => reject(new Error(`no ${source}`));
        inner.head.append(script);
      });
    }

    postMessage(data) {
      this.ready.then(() => {
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
      });
    }

    terminate() {
      this.frame.remove();
    }
  };
})();
